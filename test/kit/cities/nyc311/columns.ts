/** The columns of the portal's file, in its order. */
export const NYC311_COLUMNS = [
  "Unique Key",
  "Created Date",
  "Closed Date",
  "Agency",
  "Agency Name",
  "Complaint Type",
  "Descriptor",
  "Location Type",
  "Incident Zip",
  "Incident Address",
  "Street Name",
  "Cross Street 1",
  "Cross Street 2",
  "Intersection Street 1",
  "Intersection Street 2",
  "Address Type",
  "City",
  "Landmark",
  "Facility Type",
  "Status",
  "Due Date",
  "Resolution Description",
  "Resolution Action Updated Date",
  "Community Board",
  "BBL",
  "Borough",
  "X Coordinate (State Plane)",
  "Y Coordinate (State Plane)",
  "Open Data Channel Type",
  "Park Facility Name",
  "Park Borough",
  "Vehicle Type",
  "Taxi Company Borough",
  "Taxi Pick Up Location",
  "Bridge Highway Name",
  "Bridge Highway Direction",
  "Road Ramp",
  "Bridge Highway Segment",
  "Latitude",
  "Longitude",
  "Location",
] as const;
export type Nyc311Column = (typeof NYC311_COLUMNS)[number];

/** One that the portal added later. */
export const NYC311_ADDED_COLUMN = "Council District";

interface Borough {
  readonly name: string;
  readonly board: string;
  readonly lon: number;
  readonly lat: number;
  /** Half the width of where its requests are, in degrees. */
  readonly reach: number;
  readonly share: number;
}

export const BOROUGHS: readonly Borough[] = [
  { name: "BROOKLYN", board: "05 BROOKLYN", lon: -73.949, lat: 40.65, reach: 0.06, share: 0.31 },
  { name: "QUEENS", board: "07 QUEENS", lon: -73.82, lat: 40.715, reach: 0.08, share: 0.24 },
  { name: "BRONX", board: "04 BRONX", lon: -73.87, lat: 40.85, reach: 0.045, share: 0.21 },
  { name: "MANHATTAN", board: "03 MANHATTAN", lon: -73.97, lat: 40.775, reach: 0.035, share: 0.2 },
  { name: "STATEN ISLAND", board: "01 STATEN ISLAND", lon: -74.15, lat: 40.58, reach: 0.06, share: 0.04 },
];
