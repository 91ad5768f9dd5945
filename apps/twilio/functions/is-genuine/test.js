const token = '0123456789abcdef0123456789abcdef';
const account = 'AC0123456789abcdef0123456789abcdef';
const message = 'SM00000000000000000000000000000001';
const delivered = {
  MessageSid: message,
  MessageStatus: 'delivered',
  SmsSid: message,
  SmsStatus: 'delivered',
  AccountSid: account,
  From: '+15005550006',
  To: '+15558675310',
  ApiVersion: '2010-04-01'
};
const address = 'http://127.0.0.1:8080/hooks/status';
const signature = 'wfetfVXEPNKwjHHXYwJiuLLdbyE=';

it('accepts the example of the vendor', () => {
  const parameters = {
    CallSid: 'CA1234567890ABCDE',
    Caller: '+14158675310',
    Digits: '1234',
    From: '+14158675310',
    To: '+18005551212'
  };
  const url = 'https://example.com/myapp.php?foo=1&bar=2';
  assert.strictEqual(isGenuine(url, { foo: '1', bar: '2' }, parameters, 'L/OH5YylLD5NRKLltdqwSvS0BnU=', '12345'), true);
});

it('accepts an address with parameters of its own', () => {
  assert.strictEqual(isGenuine(address + '?flow=7', { flow: '7' }, delivered, signature, token), true);
});

it('accepts parameters that people have added', () => {
  assert.strictEqual(isGenuine(address, { flow: '7' }, delivered, signature, token), true);
});

it('refuses another value', () => {
  const other = Object.assign({}, delivered, { MessageStatus: 'failed' });
  assert.strictEqual(isGenuine(address, { flow: '7' }, other, signature, token), false);
});

it('refuses a missing signature and a missing token', () => {
  assert.strictEqual(isGenuine(address, {}, delivered, undefined, token), false);
  assert.strictEqual(isGenuine(address, {}, delivered, iml.sha1(address, 'base64'), ''), false);
});

it('takes each value of a repeated name once', () => {
  assert.strictEqual(isGenuine('http://h/x', {}, { A: ['2', '1', '1'] }, 'A2kqQjfCFL3U695KXtvBdVoJ9Tw=', token), true);
});

it('knows letters, cases and empty values', () => {
  const parameters = { Body: 'h\u00e9llo + \u20ac', From: '+15558675310', MediaUrl0: '', To: '+15005550006', body: 'lower' };
  assert.strictEqual(isGenuine('https://gw.example.net/sms', {}, parameters, 'negVQiy4OLziRtf5XPp7yZiwT6M=', token), true);
});
