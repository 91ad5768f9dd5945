const base = 'https://h:8/a/b/c?d=e';

it('keeps a whole address', () => {
  assert.strictEqual(resolveUrl(base, 'http://other/x'), 'http://other/x');
  assert.strictEqual(resolveUrl(base, '//other/x'), 'https://other/x');
});

it('reads a path', () => {
  assert.strictEqual(resolveUrl(base, '/x?y=1'), 'https://h:8/x?y=1');
  assert.strictEqual(resolveUrl(base, 'x'), 'https://h:8/a/b/x');
  assert.strictEqual(resolveUrl(base, '../x'), 'https://h:8/a/x');
  assert.strictEqual(resolveUrl(base, '..'), 'https://h:8/a/');
  assert.strictEqual(resolveUrl(base, './'), 'https://h:8/a/b/');
  assert.strictEqual(resolveUrl('https://h', 'x'), 'https://h/x');
});

it('reads a query', () => {
  assert.strictEqual(resolveUrl(base, '?page=2'), 'https://h:8/a/b/c?page=2');
});
