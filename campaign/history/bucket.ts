/** The few calls to an S3-compatible bucket that a mirror needs. The only importer of the client, loaded when used. */
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HarnessError } from '../../plan/errors.ts';

/** A bucket, and the folder in it. */
export interface BucketAddress {
  readonly bucket: string;
  /** Without slashes at its ends; "" for the bucket itself. */
  readonly prefix: string;
}

/** An object's text with the mark of its version. */
export interface Marked {
  readonly text: string;
  readonly etag: string;
}

export interface Bucket {
  /** Text of an object; undefined: there is none. */
  read(key: string): Promise<Marked | undefined>;
  /**
   * Writes a text where the object is still the one that was read.
   *
   * @param was its mark; undefined: there was none
   * @returns its new mark; undefined: somebody else wrote it meanwhile
   */
  replace(key: string, text: string, was: string | undefined): Promise<string | undefined>;
  upload(key: string, file: string, sha256: string): Promise<void>;
  download(key: string, file: string): Promise<void>;
  /** Keys below the prefix, relative to it. */
  list(): Promise<ReadonlySet<string>>;
  remove(keys: readonly string[]): Promise<void>;
  close(): void;
}

/** Text of a catalogue, at most. */
const MOST = 256 * 2 ** 20;

/** `s3://bucket/prefix`. @throws {HarnessError} USAGE */
export function bucketAddress(text: string): BucketAddress {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/u.exec(text);
  if (match?.[1] === undefined) {
    throw new HarnessError('USAGE', `${text} is no bucket`, {
      hint: 'E.g. s3://our-bucket/assay.',
    });
  }
  return { bucket: match[1], prefix: (match[2] ?? '').replaceAll(/^\/+|\/+$/gu, '') };
}

/**
 * Opens a bucket with what the environment says: AWS_ENDPOINT_URL_S3, AWS_REGION, credentials as the
 * official client finds them.
 *
 * @param environment for the endpoint and the region
 */
export async function openBucket(
  { bucket, prefix }: BucketAddress,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Bucket> {
  const s3 = await import('@aws-sdk/client-s3');
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'];
  const client = new s3.S3Client({
    region: environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    // Buckets as a part of the path: what stores other than AWS's serve everywhere.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    maxAttempts: 4,
  });
  const keyed = (key: string) => (prefix === '' ? key : `${prefix}/${key}`);
  const named = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asHarness(bucket, error);
    }
  };
  return {
    read: (key) =>
      named(async () => {
        try {
          const found = await client.send(
            new s3.GetObjectCommand({ Bucket: bucket, Key: keyed(key) }),
          );
          if ((found.ContentLength ?? 0) > MOST) throw new Error(`${key} is too large`);
          return { text: (await found.Body?.transformToString()) ?? '', etag: found.ETag ?? '' };
        } catch (error) {
          if (error instanceof s3.NoSuchKey) return undefined;
          throw error;
        }
      }),
    replace: (key, text, was) =>
      named(async () => {
        try {
          const put = await client.send(
            new s3.PutObjectCommand({
              Bucket: bucket,
              Key: keyed(key),
              Body: text,
              ContentType: 'application/json',
              ...(was === undefined ? { IfNoneMatch: '*' } : { IfMatch: was }),
            }),
          );
          return put.ETag ?? '';
        } catch (error) {
          if (error instanceof s3.S3ServiceException && statusOf(error) === 412) return undefined;
          throw error;
        }
      }),
    upload: (key, file, sha256) =>
      named(async () => {
        const { size } = await stat(file);
        await client.send(
          new s3.PutObjectCommand({
            Bucket: bucket,
            Key: keyed(key),
            Body: createReadStream(file),
            ContentLength: size,
            ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
          }),
        );
      }),
    download: (key, file) =>
      named(async () => {
        const found = await client.send(
          new s3.GetObjectCommand({ Bucket: bucket, Key: keyed(key) }),
        );
        const making = `${file}.tmp`;
        try {
          const handle = await open(making, 'w', 0o644);
          await pipeline(found.Body as Readable, handle.createWriteStream());
          await rename(making, file);
        } finally {
          await rm(making, { force: true });
        }
      }),
    list: () =>
      named(async () => {
        const keys = new Set<string>();
        const pages = s3.paginateListObjectsV2(
          { client },
          { Bucket: bucket, Prefix: prefix === '' ? '' : `${prefix}/` },
        );
        for await (const page of pages) {
          for (const { Key } of page.Contents ?? []) {
            if (Key !== undefined) keys.add(prefix === '' ? Key : Key.slice(prefix.length + 1));
          }
        }
        return keys;
      }),
    remove: (keys) =>
      named(async () => {
        for (let at = 0; at < keys.length; at += 1000) {
          const Objects = keys.slice(at, at + 1000).map((key) => ({ Key: keyed(key) }));
          await client.send(
            new s3.DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
          );
        }
      }),
    close: () => client.destroy(),
  };
}

function statusOf(error: { readonly $metadata: { readonly httpStatusCode?: number | undefined } }) {
  return error.$metadata.httpStatusCode;
}

/** What the bucket said, by its name alone: messages may carry keys and addresses. */
function asHarness(bucket: string, error: unknown): unknown {
  if (error instanceof HarnessError || !(error instanceof Error)) return error;
  return new HarnessError(
    'PROVIDER_TRANSIENT',
    `the bucket ${bucket} can't be used (${error.name})`,
    {
      hint: 'The history on this machine is whole; it is brought into step the next time.',
      cause: error,
    },
  );
}
