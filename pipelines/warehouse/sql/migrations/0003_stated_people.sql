-- Articles that state no occupation have no profile any more: it did not help to distinguish people.
DELETE FROM people WHERE occupation = '';
