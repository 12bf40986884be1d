-- Rejected records by reason and scraper, each with an example.
SELECT reason, scraper, records, last_message_at, example_step, example_details, example_id
FROM marts.rejections
ORDER BY records DESC, reason, scraper, topic
LIMIT 200;
