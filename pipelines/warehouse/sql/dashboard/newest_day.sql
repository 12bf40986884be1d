-- The newest day with articles; days after tomorrow come from pages with a false date.
SELECT max(day) AS day FROM marts.daily_outlet_volume WHERE day <= CURRENT_DATE + 1;
