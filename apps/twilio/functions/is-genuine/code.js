// Whether a call of a webhook carries the signature that the owner of the Auth Token makes: the
// address, then the name and value of each parameter in the order of the names, as a keyed digest.
function isGenuine(address, query, body, given, token) {
  // An empty key would make the digest one that anybody can compute.
  if (!address || !given || !token) {
    return false;
  }
  let parameters = '';
  const fields = body || {};
  for (const name of Object.keys(fields).sort()) {
    const values = Array.isArray(fields[name]) ? [...new Set(fields[name])].sort() : [fields[name]];
    for (const value of values) {
      parameters += name + (value === undefined || value === null ? '' : value);
    }
  }
  const addresses = [address];
  // People may add parameters of their own to the address that they hand over.
  const added = Object.keys(query || {});
  if (added.length > 0 && !address.includes('?')) {
    const pairs = (encode) => added.map((name) => encode(name) + '=' + encode(query[name])).join('&');
    addresses.push(address + '?' + pairs(encodeURIComponent));
    addresses.push(address + '?' + pairs((text) => String(text)));
  }
  // Digests are compared, so that the time it takes tells nothing about the signature.
  const shown = iml.sha256(given);
  return addresses.some((url) => iml.sha256(iml.sha1(url + parameters, 'base64', token)) === shown);
}
