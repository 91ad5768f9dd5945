// A collection of a list of names and values. What occurs more than once becomes a list, so that it is
// sent more than once.
function grouped(pairs, key) {
  const out = {};
  for (const entry of pairs || []) {
    const name = entry[key];
    if (name === undefined || name === null || name === '') {
      continue;
    }
    const value = entry.value === undefined ? '' : entry.value;
    if (!Object.prototype.hasOwnProperty.call(out, name)) {
      out[name] = value;
    } else if (Array.isArray(out[name])) {
      out[name].push(value);
    } else {
      out[name] = [out[name], value];
    }
  }
  return out;
}
