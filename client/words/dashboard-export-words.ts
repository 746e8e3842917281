/** Of files. */
export const EXPORT_WORDS = {
  offerTitle: "Take the data with you",
  offer: [
    "Scores of every neighbourhood, hour by hour, counts of reports by day, and the reports themselves",
    "CSV, GeoJSON with polygons, NDJSON and GeoParquet",
    "By city, neighbourhood or your own areas; here or by an API key",
    "10 000 calls a month",
  ],
  what: "What",
  datasets: {
    scores: "Scores over time",
    "reports-counts": "Counts of reports",
    reports: "Reports",
  },
  about: {
    scores:
      "A row for each place (cells are about 1.2 × 0.6 km) and hour, after eight days for each place and day, with how much stands behind each score.",
    "reports-counts":
      "A row for each place (cells are about 1.2 × 0.6 km), layer and day (UTC): reports, their severities and what they weigh.",
    reports: "A row for each report of the span, as the map tells it: what, where, when, and in which neighbourhood.",
  },
  where: "Row by row",
  cells: "Map cells",
  areas: "Neighbourhoods",
  span: "Span",
  spans: { "7d": "7 days", "30d": "30 days", "90d": "90 days" },
  download: "Download",
  downloadHint: "A file has as many rows as there are; GeoJSON and Parquet carry their places on the map.",
  files: { csv: "CSV", geojson: "GeoJSON", ndjson: "NDJSON", parquet: "Parquet" },
  file: (format: string): string => `Download ${format}`,
  asked: "The same by a program",
  askedHint: "With a key of yours in place of KEY.",
  preview: "First rows",
} as const;
