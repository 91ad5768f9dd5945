// The official Twist SDK, unmodified, against the server binary.
//
//   node twist_sdk.mjs FOLDER BASE TOKEN EMAIL PASSWORD WORKSPACE
//
// FOLDER has an installed copy: it is the package itself, or has it in its node_modules. Writes one
// line for each call: area, call, verdict. `ok` means that the SDK has accepted the answer, which
// it checks field by field. `not yet` is a call that the server does not know, `not in this copy`
// one that the installed version does not have. Everything else is a failure.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, base, token, email, password, workspace] = process.argv.slice(2)
const workspaceId = Number(workspace)
const NAME = '@doist/twist-sdk'
const SCOPES = ['user:read', 'threads:write']
const REDIRECT = 'http://localhost:8766/callback'

/** Loads the SDK from the package itself or from a folder that has it installed. */
async function load() {
    const place = resolve(folder)
    const manifest = join(place, 'package.json')
    const itself = existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === NAME
    // A package can name itself only where it says what it exports; its folder serves either way.
    const require = createRequire(join(place, 'index.js'))
    const file = itself ? require.resolve(place) : require.resolve(NAME)
    const module = await import(pathToFileURL(file).href)
    // Names that a CommonJS package makes at run time are in its default export only.
    return { ...module.default, ...module }
}

const sdk = await load()
const rows = []
// With a fetch that is handed in, uploads are well-formed.
const customFetch = (url, options) => fetch(url, options)
const api = new sdk.TwistApi(token, { baseUrl: base, customFetch })

function need(condition, what) {
    if (!condition) throw new Error(what)
}

/** Whether the server has answered that it does not know the call. */
function isUnknown(error) {
    const text = JSON.stringify(error.responseData ?? {})
    return error.httpStatusCode === 404 && text.includes('unknown path')
}

/** Makes one call; answers its result, or nothing when there is none to go on with. */
async function step(area, call, run) {
    try {
        const result = await run()
        rows.push([area, call, 'ok'])
        return result
    } catch (error) {
        const details = error.responseData ? JSON.stringify(error.responseData) : error.stack
        const wrong = `${error.httpStatusCode ?? ''} ${details}`.replace(/\s+/g, ' ').trim()
        rows.push([area, call, isUnknown(error) ? 'not yet' : wrong])
        return undefined
    }
}

/** A call of one of the clients of the SDK. */
async function call(area, method, ...args) {
    if (typeof api[area]?.[method] !== 'function') {
        rows.push([area, method, 'not in this copy'])
        return undefined
    }
    return step(area, method, () => api[area][method](...args))
}

const me = await call('users', 'getSessionUser')
need(me, `no session user: ${rows.at(-1)}`)

await call('workspaces', 'getWorkspaces')
await call('workspaces', 'getWorkspace', workspaceId)
await call('workspaces', 'getDefaultWorkspace')
await call('workspaces', 'getPublicChannels', workspaceId)

const people = (await call('workspaceUsers', 'getWorkspaceUsers', { workspaceId })) ?? []
const other = people.find((person) => person.id !== me.id && person.userType !== 'GUEST')
need(other, 'a second person in the workspace')
await call('workspaceUsers', 'getUserById', { workspaceId, userId: other.id })
await call('workspaceUsers', 'getUserByEmail', { workspaceId, email: me.email })
await call('workspaceUsers', 'getUserInfo', { workspaceId, userId: other.id })
await call('workspaceUsers', 'getUserLocalTime', { workspaceId, userId: other.id })

await call('channels', 'getChannels', { workspaceId })
const channel = await call('channels', 'createChannel', {
    workspaceId,
    name: 'By the SDK',
    description: 'd',
    color: 3,
    public: true,
    userIds: [me.id],
    isFavorited: true,
})
need(channel, `no channel: ${rows.at(-1)}`)
await call('channels', 'getChannel', channel.id)
await call('channels', 'updateChannel', { id: channel.id, name: 'By the official SDK' })
await call('channels', 'favoriteChannel', channel.id)
await call('channels', 'unfavoriteChannel', channel.id)
await call('channels', 'addUser', { id: channel.id, userId: other.id })
await call('channels', 'removeUser', { id: channel.id, userId: other.id })
await call('channels', 'addUsers', { id: channel.id, userIds: [other.id] })

const thread = await call('threads', 'createThread', {
    channelId: channel.id,
    title: 'T',
    content: `hey [A](twist-mention://${other.id})`,
    recipients: [other.id],
})
need(thread, `no thread: ${rows.at(-1)}`)
need(thread.posted instanceof Date, 'a moment became a date')
const { id } = thread
await call('threads', 'getThread', id)
const listing = { workspaceId, channelId: channel.id, limit: 10, newerThan: new Date(1e12) }
const threads = await call('threads', 'getThreads', listing)
need(threads?.some((one) => one.id === id), 'the thread is listed')
await call('threads', 'updateThread', { id, title: 'T2', content: 'y' })
for (const method of ['starThread', 'unstarThread', 'pinThread', 'unpinThread']) {
    await call('threads', method, id)
}
for (const method of ['archiveThread', 'unarchiveThread']) await call('threads', method, id)
await call('threads', 'muteThread', { id, minutes: 60 })
await call('threads', 'unmuteThread', id)

const content = { threadId: id, content: 'hi', notifyAudience: 'channel', directMentions: [other.id] }
const comment = await call('comments', 'createComment', content)
need(comment, `no comment: ${rows.at(-1)}`)
await call('comments', 'getComment', comment.id)
await call('comments', 'getComments', { threadId: id, newerThan: new Date(1e12), limit: 5 })
await call('comments', 'updateComment', { id: comment.id, content: 'z' })
await call('comments', 'markPosition', { threadId: id, commentId: comment.id })
await call('threads', 'getUnread', workspaceId)
await call('threads', 'markUnread', { id, objIndex: -1 })
await call('threads', 'markRead', { id, objIndex: 0 })
await call('threads', 'markUnreadForOthers', { id, objIndex: -1 })
await call('threads', 'markAllRead', { workspaceId })
await call('threads', 'clearUnread', workspaceId)
await call('threads', 'closeThread', { id, content: 'done' })
await call('threads', 'reopenThread', { id, content: 'again' })

await call('reactions', 'add', { threadId: id, reaction: '👍' })
const reactions = await call('reactions', 'get', { threadId: id })
need(reactions?.['👍']?.includes(me.id), `the reaction is there: ${JSON.stringify(reactions)}`)
await call('reactions', 'remove', { threadId: id, reaction: '👍' })

const talk = await call('conversations', 'getOrCreateConversation', {
    workspaceId,
    userIds: [me.id, other.id],
})
need(talk, `no conversation: ${rows.at(-1)}`)
await call('conversations', 'getConversation', talk.id)
await call('conversations', 'getConversations', { workspaceId })
const message = await call('conversationMessages', 'createMessage', {
    conversationId: talk.id,
    content: 'hi',
})
need(message, `no message: ${rows.at(-1)}`)
await call('conversationMessages', 'getMessage', message.id)
await call('conversationMessages', 'getMessages', { conversationId: talk.id, limit: 5 })
await call('conversationMessages', 'updateMessage', { id: message.id, content: 'yo' })
await call('conversations', 'getUnread', workspaceId)
await call('conversations', 'archiveConversation', talk.id)
await call('conversations', 'unarchiveConversation', talk.id)
await call('conversationMessages', 'deleteMessage', message.id)

await call('inbox', 'getInbox', { workspaceId, archiveFilter: 'all' })
await call('inbox', 'getCount', workspaceId)
await call('search', 'search', { workspaceId, query: 'hey' })

await step('attachments', 'upload', async () => {
    const file = await api.attachments.upload({ file: Buffer.from('hello'), fileName: 'a.txt' })
    need(file.attachmentId, JSON.stringify(file))
})

// Twelve calls are two posts of ten and two.
await step('batch', 'twelve reads', async () => {
    const reads = Array.from({ length: 11 }, () => api.channels.getChannel(channel.id, { batch: true }))
    const lost = api.threads.getThread(2 ** 31 - 1, { batch: true })
    const answers = await api.batch(...reads, lost)
    need(answers.length === 12, `${answers.length} answers`)
    need(answers.slice(0, 11).every((one) => one.code === 200 && one.data.id === channel.id), 'channels')
    need(answers[0].headers['Content-Type'] === 'application/json', 'headers')
    need(answers[11].code === 404, `the lost one: ${answers[11].code}`)
})
await step('batch', 'writes and a read in their order', async () => {
    const answers = await api.batch(
        api.channels.removeUsers({ id: channel.id, userIds: [other.id] }, { batch: true }),
        api.channels.addUsers({ id: channel.id, userIds: [other.id] }, { batch: true }),
        api.channels.getChannel(channel.id, { batch: true }),
    )
    need(answers.every((one) => one.code === 200), answers.map((one) => one.code).join())
    need(answers[2].data.userIds.includes(other.id), 'the read comes last')
})

/** What the person does in the browser between two calls of the program. */
async function consent(address) {
    const form = (path, fields, cookie) =>
        fetch(base + path, {
            method: 'POST',
            redirect: 'manual',
            headers: { Origin: base, ...(cookie && { Cookie: cookie }) },
            body: new URLSearchParams(fields),
        })
    const signedIn = await form('/sign-in', { email, password })
    const cookie = signedIn.headers.get('set-cookie').split(';')[0]
    const asked = new URL(address)
    const fields = { ...Object.fromEntries(asked.searchParams), decision: 'allow' }
    const back = await form(asked.pathname, fields, cookie)
    const answer = new URL(back.headers.get('location')).searchParams
    need(answer.get('state') === asked.searchParams.get('state'), 'the state comes back')
    return answer.get('code')
}

await step('oauth', 'register, authorize, token, use, revoke', async () => {
    const options = { baseUrl: base }
    const application = await sdk.registerClient(
        { redirectUris: [REDIRECT], clientName: 'n', scope: SCOPES },
        options,
    )
    const { clientId, clientSecret } = application
    need(clientId.startsWith('twd_') && clientSecret, 'a name and a secret')
    const state = sdk.getAuthStateParameter()
    const address = sdk.getAuthorizationUrl(clientId, SCOPES, state, REDIRECT, base)
    need(address.startsWith(`${base}/oauth/authorize?`), address)
    const code = await consent(address)
    const given = await sdk.getAuthToken({ clientId, clientSecret, code, redirectUri: REDIRECT }, options)
    need(given.accessToken.startsWith('oauth2:'), 'the form of the token')
    const program = new sdk.TwistApi(given.accessToken, { baseUrl: base, customFetch })
    need((await program.users.getSessionUser()).id === me.id, 'it acts for the person')
    need(await sdk.revokeAuthToken({ clientId, clientSecret, accessToken: given.accessToken }, options), 'revoked')
    const refusal = await program.users.getSessionUser().catch((error) => error)
    need(refusal.httpStatusCode === 403, 'the token has ended')
})
await step('errors', 'carry status and body', async () => {
    const error = await api.threads.getThread(2 ** 31 - 1).catch((error) => error)
    need(error.httpStatusCode === 404, `status ${error.httpStatusCode}`)
    need(JSON.stringify(error.responseData).includes('108'), JSON.stringify(error.responseData))
})

await call('comments', 'deleteComment', comment.id)
await call('threads', 'deleteThread', id)
await call('channels', 'archiveChannel', channel.id)
await call('channels', 'unarchiveChannel', channel.id)
await call('channels', 'archiveChannel', channel.id)
await call('channels', 'deleteChannel', channel.id)

const seen = new Set()
for (const row of rows) {
    const line = row.join('\t')
    if (!seen.has(line)) console.log(line)
    seen.add(line)
}
