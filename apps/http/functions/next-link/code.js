// The address of the next page: from the header Link, or from the body where a path says so.
function nextLink(address, header, found) {
  if (found) {
    return iml.resolveUrl(address, found);
  }
  for (const part of String(header || '').split(/,(?=\s*<)/)) {
    const link = /^\s*<([^>]*)>(.*)$/.exec(part);
    if (link && /;\s*rel="?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:;|$)/i.test(link[2])) {
      return iml.resolveUrl(address, link[1]);
    }
  }
  return undefined;
}
