// An address with parameters. One that is there already is replaced by that of the last two arguments.
function withQuery(address, pairs, name, value) {
  const [whole, fragment] = address.split('#');
  const at = whole.indexOf('?');
  const path = at < 0 ? whole : whole.slice(0, at);
  let parts = at < 0 ? [] : whole.slice(at + 1).split('&').filter((part) => part !== '');
  for (const entry of pairs || []) {
    if (entry.name) {
      const text = entry.value === undefined || entry.value === null ? '' : String(entry.value);
      parts.push(encodeURIComponent(entry.name) + '=' + encodeURIComponent(text));
    }
  }
  if (name && value !== undefined && value !== null) {
    const start = encodeURIComponent(name) + '=';
    parts = parts.filter((part) => !part.startsWith(start));
    parts.push(start + encodeURIComponent(String(value)));
  }
  const query = parts.length > 0 ? '?' + parts.join('&') : '';
  return path + query + (fragment === undefined ? '' : '#' + fragment);
}
