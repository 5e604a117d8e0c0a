/** The types of field that PDUs are made of (SMPP 3.4, section 3.1), each read and written in one place. */

/** Reads a frame from its first byte to its last. */
export class Cursor {
  offset: number;
  readonly frame: Buffer;
  /** Whether a string may end with the frame in place of its NUL, as some carriers write it in responses. */
  readonly isLenient: boolean;

  constructor(frame: Buffer, offset: number, isLenient: boolean) {
    this.frame = frame;
    this.offset = offset;
    this.isLenient = isLenient;
  }

  get left(): number {
    return this.frame.length - this.offset;
  }

  take(count: number): Buffer {
    if (count > this.left) throw new Malformed();
    this.offset += count;
    return this.frame.subarray(this.offset - count, this.offset);
  }
}

/** The bytes are not what the command asks for. */
export class Malformed extends Error {}

export interface Field<Value> {
  /** What stands for a field that is not there: a response with an error has no body. */
  readonly empty: Value;
  read(cursor: Cursor): Value;
  write(value: Value): Buffer;
}

/** One octet. */
export const octet: Field<number> = {
  empty: 0,
  read: (cursor) => cursor.take(1)[0] ?? 0,
  write(value) {
    if (!Number.isInteger(value) || value < 0 || value > 255) throw new RangeError("not an octet");
    return Buffer.of(value);
  },
};

/**
 * A C-octet string, in Latin-1 so that any octet comes back as it was. The lengths of the standard are not enforced:
 * carriers hand out longer passwords, and cutting one off would only hide why they are refused.
 */
export const cString: Field<string> = {
  empty: "",
  read(cursor) {
    const end = cursor.frame.indexOf(0, cursor.offset);
    if (end < 0 && !cursor.isLenient) throw new Malformed();
    const text = cursor.take((end < 0 ? cursor.frame.length : end) - cursor.offset).toString("latin1");
    if (end >= 0) cursor.take(1);
    return text;
  },
  write(value) {
    const octets = Buffer.from(value, "latin1");
    if (octets.includes(0) || octets.toString("latin1") !== value) throw new RangeError("not a C-octet string");
    return Buffer.concat([octets, Buffer.of(0)]);
  },
};

/** An octet that counts, and so many octets. */
export const countedOctets: Field<Buffer> = {
  empty: Buffer.alloc(0),
  read: (cursor) => cursor.take(octet.read(cursor)),
  write: (value) => Buffer.concat([octet.write(value.length), value]),
};
