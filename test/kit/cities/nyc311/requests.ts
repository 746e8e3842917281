import profile from "../../../../server/import/profiles/nyc311.json" with { type: "json" };

/** What a resident asks for: type, agency, details, and how much of all requests it is beside the others of the table. */
export interface RequestType {
  readonly type: string;
  readonly agency: string;
  readonly details: readonly string[];
  readonly weight: number;
}

type Line = readonly [type: string, agency: string, weight: number, ...details: string[]];

/** The most common ones, with shares as in a year of the real file. */
const COMMON: readonly Line[] = [
  [
    "Illegal Parking",
    "NYPD",
    150,
    "Blocked Hydrant",
    "Posted Parking Sign Violation",
    "Double Parked Blocking Traffic",
    "Blocked Bike Lane",
  ],
  ["Noise - Residential", "NYPD", 120, "Loud Music/Party", "Banging/Pounding", "Loud Talking", "Loud Television"],
  ["HEAT/HOT WATER", "HPD", 90, "ENTIRE BUILDING", "APARTMENT ONLY"],
  ["Blocked Driveway", "NYPD", 55, "No Access", "Partial Access"],
  ["Noise - Street/Sidewalk", "NYPD", 50, "Loud Music/Party", "Loud Talking"],
  ["UNSANITARY CONDITION", "HPD", 33, "PESTS", "MOLD", "GARBAGE/RECYCLING STORAGE", "SEWAGE"],
  ["Street Condition", "DOT", 28, "Pothole", "Cave-in", "Rough, Pitted or Cracked Roads", "Blocked - Construction"],
  ["Abandoned Vehicle", "NYPD", 26, "With License Plate"],
  ["Water System", "DEP", 24, "Hydrant Running Full (WA4)", "Leak (Use Comments) (WA2)", "No Water (WNW)"],
  ["PLUMBING", "HPD", 22, "WATER SUPPLY", "TOILET", "BASIN/SINK", "BATHTUB/SHOWER"],
  ["PAINT/PLASTER", "HPD", 20, "WALL", "CEILING"],
  ["Dirty Condition", "DSNY", 20, "Trash", "Weeds", "Dog Waste"],
  ["Noise - Commercial", "NYPD", 20, "Loud Music/Party", "Loud Talking"],
  [
    "Noise",
    "DEP",
    19,
    "Noise: Construction Before/After Hours (NM1)",
    "Noise, Barking Dog (NR5)",
    "Noise: air condition/ventilation equipment (NV1)",
  ],
  ["Noise - Vehicle", "NYPD", 18, "Car/Truck Music", "Engine Idling", "Car/Truck Horn"],
  ["Illegal Dumping", "DSNY", 16, "Removal Request", "Chronic Dumping"],
  ["Missed Collection", "DSNY", 15, "Trash", "Recycling - Paper", "Compost"],
  ["Rodent", "DOHMH", 14, "Rat Sighting", "Condition Attracting Rodents", "Mouse Sighting"],
  ["Traffic Signal Condition", "DOT", 13, "Controller", "Veh Signal Lamp", "Ped Signal"],
  ["Street Light Condition", "DOT", 13, "Street Light Out", "Street Light Cycling", "Street Light Lamp Dim"],
  [
    "Sewer",
    "DEP",
    12,
    "Sewer Backup (Use Comments) (SA)",
    "Catch Basin Clogged/Flooding (Use Comments) (SC)",
    "Manhole Cover Broken/Making Noise (SB)",
  ],
  ["DOOR/WINDOW", "HPD", 11, "DOOR", "WINDOW FRAME"],
  ["WATER LEAK", "HPD", 11, "HEAVY FLOW", "SLOW LEAK", "DAMP SPOT"],
  ["Damaged Tree", "DPR", 10, "Branch or Limb Has Fallen Down", "Entire Tree Has Fallen Down"],
  [
    "General Construction/Plumbing",
    "DOB",
    10,
    "Cons - Contrary/Beyond Approved Plans/Permits",
    "Building - Vacant, Open and Unguarded",
  ],
  ["ELECTRIC", "HPD", 9, "OUTLET/SWITCH", "LIGHTING", "POWER OUTAGE"],
  ["Homeless Person Assistance", "DHS", 9, "N/A", "Chronic"],
  ["Encampment", "NYPD", 8, "N/A"],
  ["Drug Activity", "NYPD", 6, "Use Outside", "Use Indoor"],
  ["Graffiti", "DSNY", 6, "Graffiti", "Police Report Requested"],
  ["Sidewalk Condition", "DOT", 6, "Broken Sidewalk", "Trip Hazard - Hardware"],
  ["Consumer Complaint", "DCWP", 5, "Overcharge", "Refund/Exchange", 'Seller said "all sales final", no receipt'],
  ["Food Establishment", "DOHMH", 5, "Rodents/Insects/Garbage", "Food Protection"],
  ["For Hire Vehicle Complaint", "TLC", 4, "Driver Complaint - Non Passenger"],
  ["Building/Use", "DOB", 4, "Illegal Conversion Of Residential Building/Space"],
  ["Vendor Enforcement", "DCWP", 3, "Unlicensed", "In Prohibited Area"],
];

/** Types that no profile knows, some with characters that categories of reports may not have, or longer than they may be. */
const RARE: readonly string[] = [
  "School Maintenance",
  "DOF Property - Reduction Issue",
  "Senior Center Complaint",
  "Advocate-Prop Refunds/Credits",
  "AHV Inspection Unit",
  "Home Delivered Meal - Missed Delivery",
  "Benefit Card Replacement",
  "Interior Demo",
  "X-Ray Machine/Equipment",
  "Squeegee",
  "Tanning",
  "Tattooing",
  "Trans Fat",
  "Bottled Water",
  "Calorie Labeling",
  "Window Guard",
  "Sustainability Enforcement",
  "Foam Ban Enforcement",
  "Public Assembly - Temporary",
  "Private or Charter School Reinspection",
  "Special Natural Area District (SNAD)",
  "Advocate - Lien",
  "DSNY Spillage",
  "Quality of Life",
  "Taxpayer Advocate Inquiry",
  "Peeling Paint",
  "Transportation Provider Complaint",
  "Cooling Tower",
  "Case Management Agency Complaint",
  "Overflowing Recycling Baskets",
  "Recycling Enforcement",
  "Adopt-A-Basket",
  "Open Flame Permit",
  "Fire Alarm - New System",
  "Fire Alarm - Reinspection",
  "Sprinkler - Mechanical",
  "Standpipe - Mechanical",
  "Summer Camp",
  "Laboratory",
  "Hazmat Storage/Use",
  "Borough Office",
  "Executive Inspections",
  "Forms",
  "FATF",
  "Incorrect Data",
  "Water Drainage",
  "Building Condition",
  "Building Drinking Water Tank",
  "Lifeguard",
  "Ferry Permit",
  "Found Property",
  "Lost Property",
  "Highway Sign - Damaged",
  "Highway Sign - Missing",
  "Request Large Bulky Item Collection",
  "Electronics Waste Appointment",
  "Dead Animal",
  "Illegal Animal Sold",
  "Construction: After Hours, Variance #2 (AHV) > 90 days",
  "Sidewalk Shed 100% Reinspection / Emergency Work Order",
  "Parking Card: Refund $ and Balance Inquiry of a Prepaid Card",
  "Bridge Condition: Joint",
  "Peddler (Food), No Permit",
];

const known = new Set([...COMMON.map(([type]) => type), ...RARE]);
const NAMES = [...RARE, ...Object.keys(profile.categories).filter((type) => !known.has(type))];
/** Together a seventh of all, the first of them the most common: Zipf's law. */
const REST = 150;
const HARMONIC = NAMES.reduce((sum, _, i) => sum + 1 / (i + 2), 0);

/** About 200 types of requests. */
export const REQUEST_TYPES: readonly RequestType[] = [
  ...COMMON.map(([type, agency, weight, ...details]) => ({ type, agency, weight, details })),
  ...NAMES.map((type, i) => ({
    type,
    agency: "DOB",
    details: ["N/A", "Other, see comments"],
    weight: REST / HARMONIC / (i + 2),
  })),
];
