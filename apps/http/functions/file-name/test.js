it('does as the server says', () => {
  assert.strictEqual(fileName('attachment; filename="a \\"b\\".txt"', 'https://h/x'), 'a "b".txt');
  assert.strictEqual(fileName('attachment; filename=a.txt', 'https://h/x'), 'a.txt');
  assert.strictEqual(fileName("attachment; filename=a; filename*=UTF-8''%C3%A9.txt", 'https://h/x'), '\u00e9.txt');
});

it('takes the end of the address', () => {
  assert.strictEqual(fileName(undefined, 'https://h/a/b%20c.pdf?d=e/f'), 'b c.pdf');
  assert.strictEqual(fileName(undefined, 'https://h'), 'file');
});

it('takes no path', () => {
  assert.strictEqual(fileName('attachment; filename="../../etc/passwd"', 'https://h/x'), 'passwd');
});
