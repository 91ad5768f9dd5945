it('names the member', () => {
  assert.deepStrictEqual(pair('page', 2), { page: 2 });
});
