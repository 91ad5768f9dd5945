// Whether a page of a list holds something that is as new as the start of the overlap, so that the
// page behind it may hold something new, too. Lists are not strictly ordered by the date that
// counts, which is why every item of the page is looked at.
function reachesBack(items, field, last, seconds) {
  if (last === undefined || last === null || last === '') {
    return true;
  }
  const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
  const read = (text) => {
    const parts = /^\w{3}, (\d{1,2}) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text);
    if (!parts) {
      return new Date(text).getTime();
    }
    const month = months.indexOf(parts[2]) / 3;
    const local = Date.UTC(parts[3], month, parts[1], parts[4], parts[5], parts[6]);
    const offset = (Number(parts[8]) * 60 + Number(parts[9])) * 60000;
    return parts[7] === '-' ? local + offset : local - offset;
  };
  const from = new Date(last).getTime() - (seconds || 0) * 1000;
  // A date that cannot be read is no reason to stop.
  return (items || []).some((item) => !(read(item[field]) < from));
}
