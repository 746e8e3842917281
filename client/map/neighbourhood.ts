/** A neighbourhood is a geohash cell of this precision: 1.2 x 0.6 km. */
export const NEIGHBOURHOOD_PRECISION = 6;
/** From here on one sees neighbourhoods, and a click on the bare map means the one that it hits. */
export const NEIGHBOURHOOD_ZOOM = 12;
