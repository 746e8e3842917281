import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createFieldReader, parseValueMaps } from "../../../../server/import/fields/mapping.ts";
import { applyProfile, noteOfSource } from "../../../../server/import/profiles/apply-profile.ts";
import { mapColumns, type ProfileMapping } from "../../../../server/import/profiles/map-columns.ts";
import { findProfile, PROFILE_NAMES } from "../../../../server/import/profiles/named-profiles.ts";
import { parseProfile } from "../../../../server/import/profiles/profile.ts";
import { fileReportSchema } from "../../../../server/reports/report-body.ts";
import { isSensitive } from "../../../../tiles/layers.ts";

const dir = mkdtempSync(join(tmpdir(), "profiles-"));
afterAll(() => rmSync(dir, { recursive: true }));

const NOTHING: ProfileMapping = { sources: {}, values: {} };

/** What a row tells by a profile. */
async function told(profile: string, row: Readonly<Record<string, string>>, given = NOTHING) {
  const columns = Object.keys(row);
  const mapping = mapColumns(await findProfile(profile), given, columns);
  const values = createFieldReader(mapping, columns)({ number: 1, values: Object.values(row), raw: Buffer.of() });
  return { ...values, mapping };
}

const NYC = {
  "Unique Key": "61012345",
  "Created Date": "03/14/2026 02:05:11 AM",
  Agency: "NYPD",
  "Complaint Type": "Noise - Residential",
  Descriptor: "Loud Music/Party",
  Latitude: "40.8",
  Longitude: "-73.9",
  Location: "(40.8, -73.9)",
};

describe("New York's 311", () => {
  test("as its portal has it", async () => {
    const { mapping, ...values } = await told("nyc311", NYC);
    expect(values).toEqual({
      lon: "-73.9",
      lat: "40.8",
      time: "03/14/2026 02:05:11 AM",
      layer: "vibe",
      category: "noise",
      severity: "2",
      text: "Loud Music/Party",
    });
    expect(mapping.id).toEqual({ column: "Unique Key" });
    expect(mapping.point).toBeUndefined();
  });

  test("as its API has it, and as it is called since 2025", async () => {
    const renamed = { "Complaint Type": "Problem (formerly Complaint Type)" } as Record<string, string>;
    const api = Object.fromEntries(Object.entries(NYC).map(([k, v]) => [k.toLowerCase().replaceAll(" ", "_"), v]));
    const of2025 = Object.fromEntries(Object.entries(NYC).map(([k, v]) => [renamed[k] ?? k, v]));
    const { mapping, ...values } = await told("nyc311", NYC);
    const { mapping: ofApi, ...byApi } = await told("nyc311", api);
    expect(byApi).toEqual(values);
    expect(ofApi.id).toEqual({ column: "unique_key" });
    expect((await told("nyc311", of2025)).layer).toBe("vibe");
  });

  test.each([
    ["HEAT/HOT WATER", "infrastructure", "heat-and-hot-water", "4"],
    ["Heat/Hot Water", "infrastructure", "heat-and-hot-water", "4"],
    ["Street Condition", "infrastructure", "pothole", "3"],
    ["Graffiti", "safety", "vandalism", "2"],
    ["Noise of a kind that is new", "vibe", "noise", "2"],
    ["Elder Abuse", "safety", "person-in-need", "4"],
    ["Borough Office", "infrastructure", "Borough Office", "2"],
    ["", "infrastructure", "other", "2"],
  ])("%j is %s, %s, %s", async (type, layer, category, severity) => {
    expect(await told("nyc311", { ...NYC, "Complaint Type": type })).toMatchObject({ layer, category, severity });
  });

  test("takes the column of both where there is no column of each", async () => {
    const { Latitude: _, Longitude: __, ...row } = NYC;
    expect((await told("nyc311", row)).mapping.point).toEqual({ column: "Location" });
  });
});

describe("what the operator says wins", () => {
  test("a column, a constant and the identity", async () => {
    const given = {
      sources: { text: { column: "Agency" }, severity: { constant: "5" } },
      values: {},
      id: { column: "Agency" },
    };
    const { mapping, ...values } = await told("nyc311", NYC, given);
    expect(values).toMatchObject({ text: "NYPD", severity: "5", layer: "vibe" });
    expect(mapping.id).toEqual({ column: "Agency" });
  });

  test("rules, by name and for what the profile does not know", async () => {
    const values = parseValueMaps(["severity:Noise - Residential=4", "category:*=anything"]);
    const given = { sources: {}, values };
    expect(await told("nyc311", NYC, given)).toMatchObject({ layer: "vibe", severity: "4", category: "noise" });
    const office = { ...NYC, "Complaint Type": "Borough Office" };
    expect(await told("nyc311", office, given)).toMatchObject({ severity: "2", category: "anything" });
  });

  test("ranges, before what the profile says of every other value", async () => {
    const path = join(dir, "ranges.json");
    writeFileSync(path, JSON.stringify(OWN));
    const given = { sources: {}, values: parseValueMaps(["severity:>=8=5"]) };
    const row = { when: "2026-03-14", where: "POINT (1 2)" };
    const severities = ["9", "7", "minor", ""].map(
      async (bad) => (await told(path, { ...row, "how bad": bad }, given)).severity,
    );
    expect(await Promise.all(severities)).toEqual(["5", "4", "1", "3"]);
  });

  test("only the operator's rules can be unmet", async () => {
    const columns = Object.keys(NYC);
    const given = { sources: {}, values: parseValueMaps(["severity:a=4", "severity:Noise - Residential=3"]) };
    const read = createFieldReader(mapColumns(await findProfile("nyc311"), given, columns), columns);
    read({ number: 1, values: Object.values(NYC), raw: Buffer.of() });
    expect(read.unmetRules()).toEqual(["severity:a"]);
  });

  test("options beside the mapping", () => {
    const profile = parseProfile(JSON.stringify({ ...OWN, format: "csv", delimiter: ";" }), "own.json");
    expect(applyProfile({ profile, delimiter: "|", format: undefined })).toMatchObject({
      delimiter: "|",
      format: "csv",
    });
    expect(applyProfile({ delimiter: "|" })).toEqual({ delimiter: "|" });
  });
});

test("ids of rows by a profile of many cities are the profile's until it is said whose they are, which is told", async () => {
  const profile = await findProfile("open311");
  expect(applyProfile({ profile })).toMatchObject({ source: "open311" });
  expect(noteOfSource({ profile }, true)).toEqual([expect.stringContaining("say --source NAME")]);
  expect(noteOfSource({ profile, source: "bonn" }, true)).toEqual([]);
  expect(noteOfSource({ profile: await findProfile("nyc311") }, true)).toEqual([]);
  expect(applyProfile({ profile, source: "bonn" })).toMatchObject({ source: "bonn" });
  expect(applyProfile({ profile: await findProfile("nyc311") })).toMatchObject({ source: "nyc311" });
});

describe("other sources", () => {
  test("every category of Chicago's crimes is sensitive but what is not by our table", async () => {
    const profile = await findProfile("chicago-crime");
    const kinds = [...Object.values(profile.categories), profile.otherwise];
    const plain = kinds
      .filter(([layer, category]) => !isSensitive(layer, category ?? ""))
      .map(([, category]) => category);
    expect(new Set(plain)).toEqual(new Set(["vandalism"]));
    const row = {
      ID: "1",
      Date: "03/14/2026 02:05:11 AM",
      "Primary Type": "HOMICIDE",
      Latitude: "41",
      Longitude: "-87",
    };
    expect(await told("chicago-crime", row)).toMatchObject({ layer: "safety", category: "homicide", severity: "5" });
  });

  test("Open311: words of a service's name", async () => {
    const row = {
      service_request_id: "638344",
      service_name: "Potholes on a street",
      requested_datetime: "2026-03-14T06:37:38-08:00",
      lat: "37.7",
      long: "-122.4",
      description: "Deep",
    };
    const { mapping, ...values } = await told("open311", row);
    expect(values).toMatchObject({
      lon: "-122.4",
      layer: "infrastructure",
      category: "pothole",
      severity: "3",
      text: "Deep",
    });
    expect(mapping.id).toEqual({ column: "service_request_id" });
    expect(await told("open311", { ...row, service_name: "Parking complaint" })).toMatchObject({
      category: "illegal-parking",
    });
    expect(await told("open311", { ...row, service_name: "Rating of a service" })).toMatchObject({
      category: "Rating of a service",
    });
  });

  test("SeeClickFix: the type's title before the reporter's own words", async () => {
    const row = {
      id: "7",
      created_at: "2026-03-14T06:37:38Z",
      lat: "41",
      lng: "-72",
      summary: "It is loud",
      description: "x",
    };
    expect(await told("seeclickfix", row)).toMatchObject({ layer: "vibe", category: "noise" });
    expect(await told("seeclickfix", { ...row, "request_type.title": "Tree Trimming" })).toMatchObject({
      category: "green-space",
    });
    // A reporter's sentence is no name of a category.
    expect(await told("seeclickfix", { ...row, summary: "Hello!" })).toMatchObject({ category: "other" });
  });

  test("iNaturalist: the export, and the API's point", async () => {
    const row = {
      id: "1",
      time_observed_at: "2026-03-14 11:02:53 UTC",
      observed_on: "2026-03-14",
      species_guess: "Robin",
    };
    const exported = { ...row, latitude: "51", longitude: "0.1", iconic_taxon_name: "Aves" };
    expect(await told("inaturalist", exported)).toMatchObject({
      layer: "vibe",
      category: "birds",
      text: "Robin",
      severity: "1",
    });
    const api = { ...row, location: "51,0.1", "taxon.iconic_taxon_name": "", "geojson.coordinates": "[0.1,51]" };
    const { mapping, category } = await told("inaturalist", api);
    expect(mapping.point).toEqual({ column: "location" });
    expect(category).toBe("other-life");
  });

  test("Socrata: usual names, also where an object is the place", async () => {
    const row = {
      case_id: "5",
      opened: "2026-03-14T11:02:53.000",
      request_type: "Street Light Out",
      "location.latitude": "1",
    };
    const { mapping, ...values } = await told("socrata", row);
    expect(values).toMatchObject({ category: "street-light" });
    expect(mapping).toMatchObject({ point: { column: "location" }, id: { column: "case_id" } });
  });

  test("whatever a profile makes of a category can be stored", async () => {
    for (const name of PROFILE_NAMES) {
      const { categories, words, otherwise } = await findProfile(name);
      for (const [layer, category, severity] of [
        ...Object.values(categories),
        ...words.map(({ kind }) => kind),
        otherwise,
      ]) {
        const body = { layer, category: category ?? "x", severity, lon: 0, lat: 0 };
        expect(fileReportSchema.safeParse(body).success, `${name} ${category}`).toBe(true);
      }
    }
  });
});

const OWN = {
  name: "own",
  columns: { time: "when", point: "where", severity: "how bad" },
  otherwise: ["safety", "traffic-danger", 3],
  severities: { minor: 1, "*": 4 },
};

describe("a profile of one's own", () => {
  test("is read from its file", async () => {
    const path = join(dir, "own.json");
    writeFileSync(path, JSON.stringify(OWN));
    const row = { when: "2026-03-14", where: "POINT (1 2)", "how bad": "minor" };
    expect(await told(path, row)).toMatchObject({ layer: "safety", category: "traffic-danger", severity: "1" });
    expect(await told(path, { ...row, "how bad": "fatal" })).toMatchObject({ severity: "4" });
  });

  test.each([
    [{ ...OWN, colums: {} }, /Unrecognized key: "colums"/],
    [{ ...OWN, otherwise: ["crime", "x", 3] }, /otherwise\.0: must be one of safety, vibe/],
    [{ ...OWN, otherwise: ["safety", "x", 9] }, /otherwise\.2: must be at most 5/],
    [{ ...OWN, otherwise: ["safety", null, 3] }, /otherwise: must name a category/],
    [{ ...OWN, columns: { time: "t" }, severities: undefined }, /columns: must have lon and lat, or point/],
    [{ ...OWN, columns: { point: "p" }, severities: undefined }, /columns\.time/],
    [{ ...OWN, format: "xls" }, /format: must be one of csv/],
    [{ ...OWN, timezone: "New York" }, /timezone: is no time zone/],
  ])("is refused with the member at fault: %#", (json, message) => {
    expect(() => parseProfile(JSON.stringify(json), "own.json")).toThrow(message);
  });

  test("is refused when it is no JSON, not there, or only nearly a name", async () => {
    expect(() => parseProfile("{", "own.json")).toThrow(/own\.json is not JSON/);
    await expect(findProfile(join(dir, "none.json"))).rejects.toThrow(/There is no profile .*none\.json/);
    await expect(findProfile("nyc")).rejects.toThrow(/There is no profile nyc: name one of nyc311, socrata/);
  });
});

test("a profile of another source says which column it misses, and what there is", async () => {
  await expect(told("nyc311", { a: "1", b: "2" })).rejects.toThrow(
    /nyc311 finds no column for the place \(Longitude, Latitude, Location\): say --lon and --lat, or --point COLUMN, .*The columns are: a, b\./,
  );
  const { "Created Date": _, ...row } = NYC;
  await expect(told("nyc311", row)).rejects.toThrow(/for the time \(Created Date\): say --time COLUMN/);
});
