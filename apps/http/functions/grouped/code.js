// A collection of a list of names and values. What occurs more than once becomes a list, so that it is
// sent more than once; numbered, its names have their place in brackets instead.
function grouped(pairs, key, numbered) {
  const lists = {};
  for (const entry of pairs || []) {
    const name = entry[key];
    if (name === undefined || name === null || name === '') {
      continue;
    }
    if (!Object.prototype.hasOwnProperty.call(lists, name)) {
      lists[name] = [];
    }
    lists[name].push(entry.value === undefined ? '' : entry.value);
  }
  const out = {};
  for (const name of Object.keys(lists)) {
    if (lists[name].length === 1) {
      out[name] = lists[name][0];
    } else if (numbered) {
      lists[name].forEach((value, index) => {
        out[name + '[' + index + ']'] = value;
      });
    } else {
      out[name] = lists[name];
    }
  }
  return out;
}
