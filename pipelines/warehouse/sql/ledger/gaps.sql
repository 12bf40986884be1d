-- Gaps of a range of offsets, as far as they lie in it, in order.
SELECT kind, greatest(start_offset, $start), least(end_offset, $end) FROM gaps
WHERE topic = $topic AND partition = $partition AND end_offset > $start AND start_offset < $end AND end_offset > start_offset
ORDER BY start_offset, end_offset, kind;
