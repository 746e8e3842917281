import { OperatorError } from "../console/operator-error.ts";
import { openSource, type Source } from "../import/files/source.ts";
import { isObject } from "../kit/is-object.ts";

/** A feature as it stands in a file, before anything is known to be right about it. */
export interface RawFeature {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry: unknown;
}

/** Before each text of a sequence (RFC 8142). */
const RECORD_SEPARATOR = "\u001e";

const MOST_BYTES = 512 * 2 ** 20;

/**
 * Reads the features of a GeoJSON FeatureCollection, one Feature, or a Feature on each line; .gz is fine.
 * @throws OperatorError when the file is not that
 */
export async function readFeatures(path: string): Promise<RawFeature[]> {
  const source = await openSource(path);
  try {
    return await featuresOfSource(source);
  } finally {
    await source.close();
  }
}

async function featuresOfSource(source: Source): Promise<RawFeature[]> {
  const { path } = source;
  if (source.format === "csv") throw new OperatorError(`${path} is CSV: areas come as GeoJSON.`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source.read(() => {})) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new OperatorError(`${path} has more than ${MOST_BYTES / 2 ** 20} MiB: divide it.`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const documents = source.format === "ndjson" ? parseLines(path, text) : [parse(path, text)];
  return documents.flatMap((document) => featuresOf(path, document));
}

function parseLines(path: string, text: string): unknown[] {
  const lines = text.split("\n").map((line) => line.replace(RECORD_SEPARATOR, "").trim());
  return lines.flatMap((line, i) => (line === "" ? [] : [parse(`${path}, line ${i + 1}`, line)]));
}

function parse(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OperatorError(`${where} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
}

/** Collections in collections, which some programs write: so deep and no deeper. */
const MOST_NESTED = 8;

function featuresOf(path: string, document: unknown, depth = 0): RawFeature[] {
  const { type, features } = isObject(document) ? document : {};
  if (depth > MOST_NESTED) throw new OperatorError(`${path} has collections more than ${MOST_NESTED} deep.`);
  if (type === "FeatureCollection" && Array.isArray(features))
    return features.flatMap((one) => featuresOf(path, one, depth + 1));
  if (type === "Feature" && isObject(document)) {
    const { properties, geometry } = document;
    return [{ properties: isObject(properties) ? properties : {}, geometry }];
  }
  throw new OperatorError(
    `${path} has no features: it should be a GeoJSON FeatureCollection, or a Feature on each line.`,
  );
}
