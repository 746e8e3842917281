-- How far the history is thinned. One row: of the days before `from_day` only each cell's last row is left; of those from
-- `from_day` to before `until_day`, all in one month, for cells up to `done_cell`; `~` is after every cell.
CREATE TABLE score_thinning (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  from_day   date NOT NULL,
  until_day  date NOT NULL CHECK (until_day >= from_day),
  done_cell  text COLLATE "C" NOT NULL
);
INSERT INTO score_thinning (from_day, until_day, done_cell) VALUES ('-infinity', '-infinity', '~');
