import { auth } from '@stoa/contracts/auth'
import { defineService } from '@stoa/runtime'
import { config, needs, type Resources, type Tables } from './context.ts'
import { announcePasswordReset } from './jobs/announce-password-reset.ts'
import { remindOfApiKeys } from './jobs/remind-of-api-keys.ts'
import { rotateSigningKeys } from './jobs/rotate-signing-keys.ts'
import { sweep } from './jobs/sweep.ts'
import { openMailLinks } from './mail-links.ts'
import { addStaff } from './operations/add-staff.ts'
import { apiKeyMailDetails } from './operations/api-key-mail-details.ts'
import { changePassword } from './operations/change-password.ts'
import { confirmEmail } from './operations/confirm-email.ts'
import { disableStaff } from './operations/disable-staff.ts'
import { endedAccess } from './operations/ended-access.ts'
import { findApiKey } from './operations/find-api-key.ts'
import { getApiKey } from './operations/get-api-key.ts'
import { getCustomerGroup } from './operations/get-customer-group.ts'
import { issueApiKey } from './operations/issue-api-key.ts'
import { jwks } from './operations/jwks.ts'
import { listApiKeys } from './operations/list-api-keys.ts'
import { listStaff } from './operations/list-staff.ts'
import { login } from './operations/login.ts'
import { logout } from './operations/logout.ts'
import { mailDetails } from './operations/mail-details.ts'
import { me } from './operations/me.ts'
import { noteApiKeyUses } from './operations/note-api-key-uses.ts'
import { putCustomerGroup } from './operations/put-customer-group.ts'
import { refresh } from './operations/refresh.ts'
import { register } from './operations/register.ts'
import { requestPasswordReset } from './operations/request-password-reset.ts'
import { resendConfirmation } from './operations/resend-confirmation.ts'
import { resetPassword } from './operations/reset-password.ts'
import { revokeApiKey } from './operations/revoke-api-key.ts'
import { rotateApiKey } from './operations/rotate-api-key.ts'
import { openPasswordHashing } from './password-hashing.ts'
import { forgetSessions } from './reactions/forget-sessions.ts'
import { openSecrets } from './secrets.ts'
import { openSigningKeys } from './signing-keys.ts'

export default defineService<typeof auth, Tables, typeof needs, typeof config, Resources>({
  contract: auth,
  needs,
  config,
  migrations: new URL('./migrations/', import.meta.url),
  resources: async ({ config, query, log }) => {
    const secrets = await openSecrets(query, config.secret)
    const signingKeys = await openSigningKeys({
      query,
      secrets,
      now: () => new Date(),
      warn: (fields, message) => log.warn(fields, message),
    })
    const hashing = openPasswordHashing({ maxWaiting: config.hashesWaiting })
    return {
      hashing,
      signingKeys,
      mailLinks: openMailLinks(secrets),
      [Symbol.asyncDispose]: () => hashing[Symbol.asyncDispose](),
    }
  },
  operations: {
    register,
    login,
    refresh,
    logout,
    me,
    changePassword,
    requestPasswordReset,
    resetPassword,
    confirmEmail,
    resendConfirmation,
    jwks,
    getCustomerGroup,
    putCustomerGroup,
    issueApiKey,
    listApiKeys,
    getApiKey,
    rotateApiKey,
    revokeApiKey,
    findApiKey,
    noteApiKeyUses,
    endedAccess,
    apiKeyMailDetails,
    mailDetails,
    addStaff,
    listStaff,
    disableStaff,
  },
  reactions: [forgetSessions],
  jobs: [announcePasswordReset, remindOfApiKeys, rotateSigningKeys, sweep],
})
