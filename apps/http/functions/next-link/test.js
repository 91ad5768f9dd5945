const address = 'https://h/items';

it('takes what was found in the body', () => {
  assert.strictEqual(nextLink(address, undefined, '/items?page=2'), 'https://h/items?page=2');
});

it('reads the header', () => {
  const header = '<https://h/items?page=1>; rel="prev", <https://h/items?page=3>; rel="next"';
  assert.strictEqual(nextLink(address, header, undefined), 'https://h/items?page=3');
});

it('finds nothing on the last page', () => {
  assert.strictEqual(nextLink(address, '<https://h/items?page=1>; rel="prev"', ''), undefined);
  assert.strictEqual(nextLink(address, undefined, undefined), undefined);
});
