/** A list of numbers that grows: 8 bytes each, where an array of millions of findings would not fit. */
export class Growing {
  #values = new Float64Array(64);
  #length = 0;

  /** Numbers in it. */
  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const wider = new Float64Array(this.#length * 2);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  /** In ascending order; a copy. */
  sorted(): Float64Array {
    return this.#values.slice(0, this.#length).sort();
  }
}
