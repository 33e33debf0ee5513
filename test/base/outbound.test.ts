import { isPublic, whyNotCalled } from '../../src/base/outbound.ts'

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '224.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.9',
    '240.0.0.1',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
    '2002:7f00:1::',
    '::ffff:127.0.0.1',
    '::ffff:10.1.2.3',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '5f00::1',
    'not-an-address',
    '',
  ])('%s is not to be called', (address) => {
    expect(isPublic(address)).toBe(false)
  })

  it.each(['8.8.8.8', '93.184.216.34', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::5e', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublic(address)).toBe(true)
    },
  )
})

describe('an endpoint', () => {
  it.each([
    'http://example.org/hook',
    'ftp://example.org/',
    'file:///etc/passwd',
    'gopher://example.org/',
    'javascript:alert(1)',
    '',
    'hook',
    '//example.org',
    'https://user:password@example.org/',
    'https://user@example.org/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://169.254.169.254/latest/meta-data',
    'https://１２７.０.０.１/',
    'https://127.0.0.1./',
  ])('%s is refused', (url) => {
    expect(whyNotCalled(url, [])).toMatch(/^must /)
  })

  it.each(['https://example.org/hook', 'https://example.org:8443/hook?x=1', 'https://8.8.8.8/'])('%s is taken', (url) => {
    expect(whyNotCalled(url, [])).toBeUndefined()
  })

  it('that an operator has named may be private and plain, at the port that was named', () => {
    expect(whyNotCalled('http://127.0.0.1:9000/hook', ['127.0.0.1:9000'])).toBeUndefined()
    expect(whyNotCalled('http://127.0.0.1:9001/hook', ['127.0.0.1:9000'])).toMatch(/^must /)
    expect(whyNotCalled('http://engine.local/hook', ['engine.local'])).toBeUndefined()
    expect(whyNotCalled('http://[::1]:80/', ['::1'])).toBeUndefined()
    expect(whyNotCalled('https://engine.local/', ['engine.local:443'])).toBeUndefined()
    expect(whyNotCalled('ftp://engine.local/', ['engine.local'])).toMatch(/^must /)
    expect(whyNotCalled('http://u:p@engine.local/', ['engine.local'])).toMatch(/^must /)
    expect(whyNotCalled('http://engine.local.evil.example/', ['engine.local'])).toMatch(/^must /)
  })
})
