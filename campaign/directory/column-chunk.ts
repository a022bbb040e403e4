/**
 * One column of one row group: cells are taken one by one, as places in a dictionary, and encoded
 * together. A row object for each of ten million rows would cost more than the file.
 */
import type { ColumnChunk, Statistics } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { compressSync } from 'snappy';
import type { Cell, Column } from './columns.ts';
import { plainNumbers, plainTexts } from './plain-cells.ts';

/** A dictionary pays where each of its values stands for at least so many cells. */
const REPEATED = 2;
/** Cells after which it is looked at whether a dictionary pays. */
const SAMPLE = 2000;

type Type = 'BYTE_ARRAY' | 'DOUBLE' | 'INT64';

const TYPES: Readonly<Record<Column['type'], Type>> = {
  STRING: 'BYTE_ARRAY',
  DOUBLE: 'DOUBLE',
  INT64: 'INT64',
};

/** Collects the cells of a column. */
export class ColumnBuffer {
  readonly #column: Column;
  readonly #type: Type;
  /** 1: there is a cell. */
  readonly #levels: Uint8Array;
  /** Of cells that are there: places in the dictionary; numbers while no dictionary is kept. */
  readonly #places: Int32Array;
  readonly #numbers: Float64Array;
  /** Value → its place; undefined: too many different ones. */
  #dictionary: Map<string | number, number> | undefined = new Map();
  /** Cells that are there, where no dictionary is kept. */
  #texts: string[] = [];
  #last: string | number | undefined;
  #lastPlace = 0;
  #rows = 0;
  #there = 0;

  /** @param most rows of a group */
  constructor(column: Column, most: number) {
    this.#column = column;
    this.#type = TYPES[column.type];
    this.#levels = new Uint8Array(most);
    this.#places = new Int32Array(most);
    this.#numbers = new Float64Array(this.#type === 'BYTE_ARRAY' ? 0 : most);
  }

  /** @throws {TypeError} where a required cell is missing: a bug of ours */
  push(cell: Cell): void {
    if (cell === undefined) {
      if (this.#column.required) throw new TypeError(`column ${this.#column.name} lacks a cell`);
      this.#levels[this.#rows] = 0;
      this.#rows += 1;
      return;
    }
    this.#levels[this.#rows] = 1;
    this.#rows += 1;
    if (typeof cell === 'number') this.#numbers[this.#there] = cell;
    if (this.#dictionary !== undefined) this.#places[this.#there] = this.#placeOf(cell);
    else if (typeof cell === 'string') this.#texts.push(cell);
    this.#there += 1;
    if (this.#there === SAMPLE) this.#sample();
  }

  /** Writes the chunk and begins anew. */
  write(writer: ByteWriter): ColumnChunk {
    const { name, required } = this.#column;
    const from = writer.offset;
    let uncompressed = 0;
    const rows = this.#rows;
    const statistics = this.#column.statistics === true ? this.#statistics() : undefined;
    const words = [...(this.#dictionary?.keys() ?? [])];
    const dictionary = words.length > 0 && words.length * REPEATED <= this.#there;
    if (dictionary) uncompressed += this.#writeDictionary(writer, words);
    const dataFrom = writer.offset;
    const page = dictionary ? this.#packedPlaces(words.length) : this.#plain(words);
    const levels = new ByteWriter();
    if (!required) writeRleBitPackedHybrid(levels, this.#levels.subarray(0, rows), 1);
    // Texts shrink; places and measured numbers hardly do.
    const packs = !dictionary && this.#type === 'BYTE_ARRAY' && page.length > 0;
    const bytes = packs ? compressSync(page) : page;
    writePageHeader(writer, {
      type: 'DATA_PAGE_V2',
      uncompressed_page_size: levels.offset + page.length,
      compressed_page_size: levels.offset + bytes.length,
      data_page_header_v2: {
        num_values: rows,
        num_nulls: rows - this.#there,
        num_rows: rows,
        encoding: dictionary ? 'RLE_DICTIONARY' : 'PLAIN',
        definition_levels_byte_length: levels.offset,
        repetition_levels_byte_length: 0,
        is_compressed: packs,
      },
    });
    uncompressed += writer.offset - dataFrom + levels.offset + page.length;
    writer.appendBytes(levels.getBytes());
    writer.appendBytes(bytes);
    this.#reset();
    return {
      file_offset: BigInt(from),
      meta_data: {
        type: this.#type,
        encodings: dictionary ? ['PLAIN', 'RLE_DICTIONARY', 'RLE'] : ['PLAIN', 'RLE'],
        path_in_schema: [name],
        codec: 'SNAPPY',
        num_values: BigInt(rows),
        total_compressed_size: BigInt(writer.offset - from),
        total_uncompressed_size: BigInt(uncompressed),
        data_page_offset: BigInt(dataFrom),
        ...(dictionary && { dictionary_page_offset: BigInt(from) }),
        ...(statistics && { statistics }),
      },
    };
  }

  #placeOf(cell: string | number): number {
    if (cell === this.#last) return this.#lastPlace;
    const dictionary = this.#dictionary as Map<string | number, number>;
    let place = dictionary.get(cell);
    if (place === undefined) {
      place = dictionary.size;
      dictionary.set(cell, place);
    }
    this.#last = cell;
    this.#lastPlace = place;
    return place;
  }

  /** Gives the dictionary up where nearly every cell so far is another one. */
  #sample(): void {
    const dictionary = this.#dictionary;
    if (dictionary === undefined || dictionary.size * REPEATED <= SAMPLE) return;
    if (this.#type === 'BYTE_ARRAY') {
      const words = [...dictionary.keys()] as string[];
      for (let at = 0; at < this.#there; at += 1) {
        this.#texts.push(words[this.#places[at] as number] as string);
      }
    }
    this.#dictionary = undefined;
  }

  #packedPlaces(words: number): Uint8Array {
    const page = new ByteWriter(this.#there + 64);
    const bits = Math.ceil(Math.log2(words));
    page.appendUint8(bits);
    writeRleBitPackedHybrid(page, this.#places.subarray(0, this.#there), bits);
    return page.getBytes();
  }

  #plain(words: readonly (string | number)[]): Uint8Array {
    if (this.#type !== 'BYTE_ARRAY') {
      return plainNumbers(this.#type, this.#numbers.subarray(0, this.#there));
    }
    if (this.#dictionary === undefined) return plainTexts(this.#texts);
    const places = this.#places.subarray(0, this.#there);
    return plainTexts(Array.from(places, (place) => String(words[place])));
  }

  #writeDictionary(writer: ByteWriter, words: readonly (string | number)[]): number {
    const plain =
      this.#type === 'BYTE_ARRAY'
        ? plainTexts(words as readonly string[])
        : plainNumbers(this.#type, Float64Array.from(words as readonly number[]));
    const packed = compressSync(plain);
    const from = writer.offset;
    writePageHeader(writer, {
      type: 'DICTIONARY_PAGE',
      uncompressed_page_size: plain.length,
      compressed_page_size: packed.length,
      dictionary_page_header: { num_values: words.length, encoding: 'PLAIN' },
    });
    const header = writer.offset - from;
    writer.appendBytes(packed);
    return header + plain.length;
  }

  #statistics(): Statistics {
    const values: Iterable<string | number> =
      this.#dictionary?.keys() ??
      (this.#type === 'BYTE_ARRAY' ? this.#texts : this.#numbers.subarray(0, this.#there));
    let min: string | number | undefined;
    let max: string | number | undefined;
    const null_count = BigInt(this.#rows - this.#there);
    for (const value of values) {
      // Files are ordered by bytes, our texts by UTF-16 units: the same up to the surrogates.
      if (typeof value === 'string' && /[\uD800-\uFFFF]/u.test(value)) return { null_count };
      if (min === undefined || value < min) min = value;
      if (max === undefined || value > max) max = value;
    }
    return {
      null_count,
      ...(min !== undefined && { min_value: min }),
      ...(max !== undefined && { max_value: max }),
    };
  }

  #reset(): void {
    this.#dictionary = new Map();
    this.#texts = [];
    this.#last = undefined;
    this.#rows = 0;
    this.#there = 0;
  }
}
