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

it('numbers what is repeated when that is wanted', () => {
  const pairs = [{ name: 'a', value: '1' }, { name: 'b', value: '2' }, { name: 'a', value: '3' }];
  assert.deepStrictEqual(grouped(pairs, 'name', true), { 'a[0]': '1', 'a[1]': '3', b: '2' });
});
