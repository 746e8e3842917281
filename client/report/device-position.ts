import { LOCATION_OFF, NO_LOCATION } from "../words/words.ts";

/** Where the device says it is: WGS 84 degrees, and metres that it may be off. */
export interface DevicePosition {
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly accuracyM: number;
}

const TIMEOUT_MS = 10_000;

/** @throws Error that says in words for a person why the position cannot be had, and what to do `instead`. */
export function findDevice(instead: string): Promise<DevicePosition> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why} ${instead}`));
    if (!isSecureContext) return fail("Browsers tell your location to pages over https only.");
    navigator.geolocation.getCurrentPosition(
      ({ coords: { longitude: lonDeg, latitude: latDeg, accuracy: accuracyM } }) =>
        resolve({ lonDeg, latDeg, accuracyM }),
      ({ code, PERMISSION_DENIED, TIMEOUT }) => {
        if (code === PERMISSION_DENIED) fail(LOCATION_OFF);
        else if (code === TIMEOUT) fail("Finding your location took too long.");
        else fail(NO_LOCATION);
      },
      { enableHighAccuracy: true, timeout: TIMEOUT_MS },
    );
  });
}

/** "12 m", "1.4 km". */
export function formatMetres(metres: number): string {
  if (metres < 1000) return `${metres < 100 ? Math.max(1, Math.round(metres)) : Math.round(metres / 10) * 10} m`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} km`;
}
