import { pipeline, type Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { OperatorError } from "../../console/operator-error.ts";
import type { OpenedFile } from "./opened-file.ts";
import { type Container, readStream } from "./read-stream.ts";
import { readZipDirectory, type ZipMember } from "./zip-directory.ts";

const CHUNK_BYTES = 256 * 1024;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const MOST_NAMED = 10;

/**
 * The one file in a ZIP archive, read in pieces: memory is bounded, and a member that unpacks to more than its directory tells is
 * refused.
 * @throws OperatorError when there is none or more than one, or it is packed in a way that is not read
 */
export async function openZip(file: OpenedFile): Promise<Container> {
  const members = (await readZipDirectory(file)).filter(isFile);
  if (members.some(({ name }) => name === "[Content_Types].xml")) {
    throw new OperatorError(`${file.path} is an office document: save its table as CSV (UTF-8) and import that.`);
  }
  const [member, ...others] = members;
  if (member === undefined) throw new OperatorError(`${file.path} has no file in it.`);
  if (others.length > 0) {
    const names = members.slice(0, MOST_NAMED).map(({ name }) => name);
    const more = members.length > MOST_NAMED ? ", ..." : "";
    throw new OperatorError(
      `${file.path} has ${members.length} files in it (${names.join(", ")}${more}): unpack it and import them one by one.`,
    );
  }
  if (member.isEncrypted) throw new OperatorError(`${member.name} in ${file.path} is encrypted: unpack it first.`);
  if (member.method !== STORED && member.method !== DEFLATED) {
    throw new OperatorError(
      `${member.name} in ${file.path} is packed by method ${member.method}, which is not read: unpack it first.`,
    );
  }
  return { name: member.name.replace(/\.gz$/i, ""), read: (onBytes) => readMember(file, member, onBytes) };
}

/** Neither a folder nor what macOS puts beside files. */
const isFile = ({ name }: ZipMember): boolean => !/\/$|^__MACOSX\/|(?:^|\/)(?:\._[^/]*|\.DS_Store)$/.test(name);

async function* readMember(
  file: OpenedFile,
  member: ZipMember,
  onBytes: (sizeBytes: number) => void,
): AsyncGenerator<Buffer> {
  const damaged = (what: string) =>
    new OperatorError(`${file.path} is a damaged or cut-off ZIP file (${what}): nothing was imported, get it again.`);
  const local = await file.readAt(member.headerAt, LOCAL_HEADER_BYTES);
  if (local.length < LOCAL_HEADER_BYTES || local.readUInt32LE(0) !== LOCAL_HEADER) throw damaged("no file header");
  const start = member.headerAt + LOCAL_HEADER_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
  let bytes = 0;
  let crc = 0;
  const packed = member.packedBytes;
  if (packed > 0) {
    for await (const chunk of readStream(file, onBytes, unpackerOf(member), { start, end: start + packed - 1 })) {
      bytes += chunk.length;
      if (bytes > member.bytes) throw damaged(`${member.name} is longer than it should be`);
      crc = crc32(chunk, crc);
      yield chunk;
    }
  }
  if (bytes !== member.bytes) throw damaged(`${member.name} is shorter than it should be`);
  if (crc !== member.crc) throw damaged(`${member.name} has another checksum`);
}

const unpackerOf =
  ({ method }: ZipMember) =>
  (stream: Readable): Readable =>
    method === STORED ? stream : pipeline(stream, createInflateRaw({ chunkSize: CHUNK_BYTES }), () => {});
