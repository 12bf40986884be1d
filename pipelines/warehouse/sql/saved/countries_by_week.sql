-- Which countries gained or lost attention, week by week?
-- Parameter: rows integer = 20: Number of rows.
SELECT week, country, stories, stories_before, change, relative_change, is_complete
FROM marts.country_attention_weekly
ORDER BY week DESC, stories DESC, change DESC NULLS LAST, country
LIMIT CAST($rows AS INTEGER);
