import { expect, test } from "vitest";
import { findProfile } from "../../../../server/import/profiles/named-profiles.ts";
import { reportsOf } from "../../../kit/make-report.ts";
import { useImport } from "../import-fixture.ts";

const world = useImport(Date.parse("2026-04-01T12:00:00Z"));

/** A small file as each source gives it, and what its first row is: layer, category, severity, time (kept to the minute) and text. */
const FILES: readonly (readonly [profile: string, name: string, content: string, told: unknown])[] = [
  [
    "nyc311",
    "api.json",
    JSON.stringify([
      {
        unique_key: "64120001",
        created_date: "2026-03-14T02:05:11.000",
        agency: "NYPD",
        complaint_type: "Illegal Parking",
        descriptor: "Blocked Hydrant",
        status: "Closed",
        latitude: "40.7128",
        longitude: "-73.95",
        location: { latitude: "40.7128", longitude: "-73.95", human_address: "{}" },
      },
    ]),
    ["infrastructure", "illegal-parking", 2, "2026-03-14T06:05:00.000Z", "Blocked Hydrant"],
  ],
  [
    "chicago-crime",
    "crimes.csv",
    "ID,Case Number,Date,Block,IUCR,Primary Type,Description,Location Description,Arrest,Domestic,Latitude,Longitude,Location\n" +
      '13,JK1,03/14/2026 11:40:00 PM,001XX N STATE ST,0810,CRIMINAL DAMAGE,TO VEHICLE,STREET,false,false,41.88,-87.62,"(41.88, -87.62)"\n',
    ["safety", "vandalism", 2, "2026-03-15T04:40:00.000Z", "TO VEHICLE"],
  ],
  [
    "open311",
    "requests.json",
    JSON.stringify([
      {
        service_request_id: "638344",
        status: "open",
        service_name: "Sidewalk and Curb Issues",
        description: "Broken slab",
        requested_datetime: "2026-03-14T06:37:38-08:00",
        lat: 37.76,
        long: -122.46,
        media_url: null,
      },
    ]),
    ["infrastructure", "sidewalk", 3, "2026-03-14T14:37:00.000Z", "Broken slab"],
  ],
  [
    "socrata",
    "cases.csv",
    "CaseID,Opened,Closed,Status,Category,Request Type,Latitude,Longitude\n" +
      "1,03/14/2026 02:05:11 PM,,Open,Street and Sidewalk Cleaning,Bulky Items: $ (large),37.76,-122.46\n",
    ["infrastructure", "litter", 2, "2026-03-14T14:05:00.000Z", undefined],
  ],
  [
    "inaturalist",
    "observations.csv",
    "id,observed_on,time_observed_at,quality_grade,place_guess,latitude,longitude,species_guess,scientific_name,common_name,iconic_taxon_name\n" +
      "9,2026-03-14,2026-03-14 09:02:53 UTC,research,Park,51.5,-0.12,European Robin,Erithacus rubecula,European Robin,Aves\n",
    ["vibe", "birds", 1, "2026-03-14T09:02:00.000Z", "European Robin"],
  ],
];

test.each(FILES)("%s: %s as the source gives it", async (name, file, content, told) => {
  const profile = await findProfile(name);
  const summary = await world.run(world.write(file, content), { profile, source: "here" });
  expect(summary).toMatchObject({ rowsRead: 1, written: 1, rejected: 0 });
  const [report] = await reportsOf(world.store);
  const { layer, category, severity, createdAtMs = 0, text } = report ?? {};
  expect([layer, category, severity, new Date(createdAtMs).toISOString(), text]).toEqual(told);
});
