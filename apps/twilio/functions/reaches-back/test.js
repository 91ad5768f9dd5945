const page = [
  { date_created: 'Thu, 24 Aug 2023 05:01:45 +0000' },
  { date_created: 'Thu, 24 Aug 2023 07:01:44 +0200' }
];

it('reads on while nothing is known', () => {
  assert.strictEqual(reachesBack(page, 'date_created', undefined, 300), true);
});

it('reads on while one item is not older than the last one', () => {
  assert.strictEqual(reachesBack(page, 'date_created', new Date('2023-08-24T05:01:45Z'), 0), true);
});

it('stops at a page of which every item is older', () => {
  assert.strictEqual(reachesBack(page, 'date_created', new Date('2023-08-24T05:01:46Z'), 0), false);
});

it('goes back by the overlap', () => {
  assert.strictEqual(reachesBack(page, 'date_created', '2023-08-24T05:06:45.000Z', 300), true);
  assert.strictEqual(reachesBack(page, 'date_created', '2023-08-24T05:06:46.000Z', 300), false);
});

it('reads ISO dates', () => {
  const alerts = [{ date_generated: '2023-08-24T05:01:45Z' }];
  assert.strictEqual(reachesBack(alerts, 'date_generated', '2023-08-24T05:01:45Z', 0), true);
  assert.strictEqual(reachesBack(alerts, 'date_generated', '2023-08-24T05:01:46Z', 0), false);
});

it('takes an empty page for the end', () => {
  assert.strictEqual(reachesBack([], 'date_created', '2023-08-24T05:01:45Z', 0), false);
});
