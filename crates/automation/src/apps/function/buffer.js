// As much of Node's Buffer as functions of apps use.
(function (host) {
  'use strict';
  const name = (encoding) => (encoding === undefined ? 'utf8' : String(encoding).toLowerCase());

  class Buffer extends Uint8Array {
    static from(value, encoding, length) {
      if (typeof value === 'string') return own(host.encode(value.toWellFormed(), name(encoding)));
      if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
      if (value !== null && typeof value === 'object') {
        if (value.type === 'Buffer' && Array.isArray(value.data)) return own(value.data);
        return own(ArrayBuffer.isView(value) || Array.isArray(value) ? value : Array.from(value));
      }
      throw new TypeError('The first argument must be a string, Buffer, ArrayBuffer or array.');
    }

    static alloc(size, fill, encoding) {
      const made = new Buffer(size);
      return fill === undefined ? made : made.fill(fill, encoding);
    }

    static allocUnsafe(size) {
      return new Buffer(size);
    }

    static concat(list, total) {
      const size = total ?? list.reduce((sum, part) => sum + part.length, 0);
      const made = new Buffer(size);
      let at = 0;
      for (const part of list) {
        if (at >= size) break;
        const fits = part.length > size - at ? part.subarray(0, size - at) : part;
        made.set(fits, at);
        at += fits.length;
      }
      return made;
    }

    static isBuffer(value) {
      return value instanceof Buffer;
    }

    static isEncoding(encoding) {
      return typeof encoding === 'string' && host.isEncoding(encoding.toLowerCase());
    }

    static byteLength(value, encoding) {
      return typeof value === 'string' ? host.encode(value.toWellFormed(), name(encoding)).length : value.byteLength;
    }

    static compare(a, b) {
      const shared = Math.min(a.length, b.length);
      for (let at = 0; at < shared; at += 1) {
        if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
      }
      return Math.sign(a.length - b.length);
    }

    toString(encoding, start, end) {
      const part = start === undefined && end === undefined ? this : this.subarray(start, end);
      return host.decode(host.characters(part), name(encoding));
    }

    toJSON() {
      return { type: 'Buffer', data: Array.from(this) };
    }

    slice(start, end) {
      return this.subarray(start, end);
    }

    equals(other) {
      return Buffer.compare(this, other) === 0;
    }

    compare(other) {
      return Buffer.compare(this, other);
    }

    copy(target, to = 0, start = 0, end = this.length) {
      const part = this.subarray(start, Math.min(end, start + target.length - to));
      target.set(part, to);
      return part.length;
    }

    write(value, at = 0, length = this.length - at, encoding = 'utf8') {
      if (typeof length === 'string') return this.write(value, at, this.length - at, length);
      const bytes = host.encode(value.toWellFormed(), name(encoding)).subarray(0, length);
      this.set(bytes, at);
      return bytes.length;
    }

    fill(value, start, end, encoding) {
      if (typeof value !== 'string') return super.fill(value, start, end);
      const from = typeof start === 'number' ? start : 0;
      const to = typeof end === 'number' ? end : this.length;
      const bytes = host.encode(value.toWellFormed(), name(typeof start === 'string' ? start : encoding));
      for (let at = from; at < to; at += 1) this[at] = bytes.length ? bytes[(at - from) % bytes.length] : 0;
      return this;
    }

    indexOf(value, from = 0) {
      if (typeof value === 'number') return super.indexOf(value, from);
      const wanted = Buffer.from(value);
      for (let at = from; at + wanted.length <= this.length; at += 1) {
        if (wanted.every((byte, index) => this[at + index] === byte)) return at;
      }
      return -1;
    }

    includes(value, from) {
      return this.indexOf(value, from) !== -1;
    }

    readUInt8(at = 0) { return this[at]; }
    readUInt16BE(at = 0) { return view(this).getUint16(at); }
    readUInt16LE(at = 0) { return view(this).getUint16(at, true); }
    readUInt32BE(at = 0) { return view(this).getUint32(at); }
    readUInt32LE(at = 0) { return view(this).getUint32(at, true); }
    readInt8(at = 0) { return view(this).getInt8(at); }
    readInt16BE(at = 0) { return view(this).getInt16(at); }
    readInt32BE(at = 0) { return view(this).getInt32(at); }
    writeUInt8(value, at = 0) { this[at] = value; return at + 1; }
    writeUInt16BE(value, at = 0) { view(this).setUint16(at, value); return at + 2; }
    writeUInt32BE(value, at = 0) { view(this).setUint32(at, value); return at + 4; }
  }

  const own = (bytes) => {
    const made = new Buffer(bytes.length);
    made.set(bytes);
    return made;
  };
  const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Buffer;
})
