// What a downloaded file is called: as the server says, or as the address ends.
function fileName(disposition, address) {
  const text = String(disposition || '');
  let name;
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;]+)/i.exec(text);
  if (extended) {
    try {
      name = decodeURIComponent(extended[1].trim());
    } catch (malformed) {
      name = undefined;
    }
  }
  if (!name) {
    const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(text);
    name = plain && (plain[1] !== undefined ? plain[1].replace(/\\(.)/g, '$1') : plain[2].trim());
  }
  if (!name) {
    const path = address.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/[?#].*$/, '');
    name = path.slice(path.lastIndexOf('/') + 1);
    try {
      name = decodeURIComponent(name);
    } catch (malformed) {
      // Then it is called as it is written.
    }
  }
  // A name is no path, whatever the server says.
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1) || 'file';
}
