import { PROFILE_NAMES } from "./profiles/named-profiles.ts";

/** What `npm run import -- --help` says. */
export const USAGE = `npm run import -- FILE [options]

FILE is CSV or TSV with a header, newline-delimited JSON, or a GeoJSON FeatureCollection of points, of any size; .gz is
fine, and .zip with one file in it. - is standard input.

What a report is made of: a column's name, or =VALUE for the same in every row. Without the option, the column of that
name is taken; for GeoJSON lon and lat are the geometry's, and its properties are the columns.
  --lon --lat             degrees, WGS 84
  --time                  ISO 8601, Unix time, or any other shape that means one thing only
  --layer                 safety, vibe, infrastructure or opportunity
  --category              1 to 40 characters
  --severity              1 to 5
  --text                  at most 280 characters; may be left out, as an unfit one is
  --map FIELD:FROM=TO     replaces a value that was read, as in --map severity:murder=5; FROM * is every other value,
                          and \\= an equals sign of the value. Can be given many times. Severities also by ranges,
                          severity:1..3=2, "severity:>=8=5", and by "severity:*=round" to the nearest whole number.

Places and values:
  --point COLUMN          longitude and latitude in one: POINT (-73.9 40.7), GeoJSON and [-73.9, 40.7] with the
                          longitude first; (40.7, -73.9), also behind an address, with the latitude first;
                          {"latitude": ..., "longitude": ...}, also as the columns COLUMN.latitude and .longitude
  --lon-first             pairs such as 40.7, -73.9 have the longitude first
  --decimal-comma         -73,950 is a number with a decimal comma; without it, where it may be thousands, rejected
  --bbox W,S,E,N          rejects what lies outside of this box of degrees, also over the 180th meridian
  --allow-null-island     takes 0,0 as a place; without it, it stands for an unknown one and is rejected
  --clean                 makes categories and texts fit: characters that they may not have go, long ones are cut

How times are written:
  --time-format FORMAT    us (month first), eu (day first) or ymd (year first), also with years of two digits; unix or
                          unix-ms; excel or excel-1904 (numbers of days); compact (YYYYMMDD[HHMM[SS]]); default iso,
                          which takes what means one thing only and rejects the rest
  --timezone AREA/CITY    the zone of times that tell none, as America/New_York; UTC without it

Known sources (docs/import-profiles.md):
  --profile NAME|FILE     columns, times, zone and categories of ${PROFILE_NAMES.slice(0, 3).join(", ")},
                          ${PROFILE_NAMES.slice(3).join(", ")} or a FILE.json of your own; other options win

From the Web, once or again and again; FILE may be an address, too:
  --watch URL|FILE        instead of FILE: imports it whenever it has changed, until Ctrl-C; needs --id or a profile
  --every SPAN            how often it is looked at: 10m by default, 1m at least

Old data, and data without times:
  --into-last SPAN        maps the file's time span onto the last 89d, 36h, 2w, up to 90d; rows far outside are rejected
  --time =now             dates all rows by the moment of the file's first import
  --anchor NAME           the name of these dates, by which they are found again: a file that has grown or was mended
                          goes on with them, and rows that are there are not doubled
  --new-anchor            dates the file by now again, making new reports of rows imported before

Rows that change, and runs, each of which can be taken back:
  --id COLUMN             which row it is: one that has changed replaces its report, one that is gone leaves it
  --source NAME           whose ids these are, as publishers number their rows alike: "file", or what the profile
                          says, by default; another for each city where several are imported
  --runs                  lists the newest imports that stored something; without FILE
  --undo RUN              takes back what a run stored and replaced; without FILE

How much is taken, and what becomes of the rest:
  --truncate-text         cut longer texts instead of leaving them out
  --limit N               read only the first N rows
  --dry-run               check every row, store nothing
  --max-rejects N|N%      fail, before anything is stored, when more rows than that would be rejected
  --rejects FILE          where rows that cannot be imported go, to be mended and imported by the same options; default
                          FILE.rejects.csv, .tsv or .ndjson, and none in a dry run

How the file is written:
  --format FORMAT         csv, tsv, ndjson or geojson (also other JSON), when the file's name does not tell
  --delimiter CHARACTER   between the fields of a CSV file, "," by default; "tab" for a tab
  --encoding NAME         utf-8 by default; windows-1252, latin1, utf-16le and others. A byte order mark goes before
  --skip-lines N          the header is behind so many lines
  --rows-in MEMBER        the member of a JSON file that holds the rows, as issues or result.records

A second run writes nothing twice, and one that was interrupted can simply be run again.
`;
