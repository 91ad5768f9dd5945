// The address that a link means that was found at another address.
function resolveUrl(base, link) {
  const text = String(link).trim();
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) {
    return text;
  }
  const parts = /^([a-z][a-z0-9+.-]*:)\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(base);
  if (!parts) {
    throw new Error('There is no address that the link could be relative to.');
  }
  const origin = parts[1] + '//' + parts[2];
  if (text.startsWith('//')) {
    return parts[1] + text;
  }
  if (text === '' || text.startsWith('#')) {
    return origin + (parts[3] || '/') + (parts[4] || '') + text;
  }
  if (text.startsWith('?')) {
    return origin + (parts[3] || '/') + text;
  }
  const end = text.search(/[?#]/);
  const path = end < 0 ? text : text.slice(0, end);
  const rest = end < 0 ? '' : text.slice(end);
  const from = path.startsWith('/') ? [] : (parts[3] || '/').split('/').slice(1, -1);
  const steps = path.startsWith('/') ? path.slice(1).split('/') : path.split('/');
  steps.forEach((step, index) => {
    const last = index === steps.length - 1;
    if (step === '..') {
      from.pop();
    } else if (step !== '.') {
      from.push(step);
      return;
    }
    if (last) {
      from.push('');
    }
  });
  return origin + '/' + from.join('/') + rest;
}
