it('adds to what is there', () => {
  assert.strictEqual(withQuery('https://h/x?a=1', [{ name: 'b c', value: 'd&e' }]), 'https://h/x?a=1&b%20c=d%26e');
});

it('replaces what is there', () => {
  assert.strictEqual(withQuery('https://h/x?page=1&q=2', [], 'page', 3), 'https://h/x?q=2&page=3');
  assert.strictEqual(withQuery('https://h/x', [{ name: 'page', value: '1' }], 'page', 2), 'https://h/x?page=2');
});

it('leaves an address alone', () => {
  assert.strictEqual(withQuery('https://h/x#top', undefined, 'page', undefined), 'https://h/x#top');
});
