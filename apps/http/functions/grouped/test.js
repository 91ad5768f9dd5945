it('keeps single values as they are', () => {
  assert.deepStrictEqual(grouped([{ name: 'a', value: '1' }, { name: 'b' }], 'name'), { a: '1', b: '' });
});

it('makes a list of what is repeated', () => {
  const pairs = [{ key: 'a', value: '1' }, { key: 'a', value: '2' }, { key: 'a', value: '3' }];
  assert.deepStrictEqual(grouped(pairs, 'key'), { a: ['1', '2', '3'] });
});

it('takes nothing for an empty list', () => {
  assert.deepStrictEqual(grouped(undefined, 'name'), {});
});
