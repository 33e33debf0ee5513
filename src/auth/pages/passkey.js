/**
 * The one script of the sign-in pages: asks the browser for a passkey and puts what it says into the form, which then goes its
 * way. Without it, or in a browser that knows no passkeys, these forms stay hidden.
 */
for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) continue
  form.hidden = false
  form.addEventListener('submit', (event) => {
    if (form.elements.credential.value !== '') return
    event.preventDefault()
    ask(form).then(
      (credential) => {
        form.elements.credential.value = JSON.stringify(credential)
        form.requestSubmit(event.submitter)
      },
      () => {
        form.querySelector('[role=alert]').textContent = 'Your browser gave no passkey. Try again, or sign in another way.'
      },
    )
  })
}

async function ask(form) {
  const options = JSON.parse(form.dataset.options)
  const credential =
    form.dataset.passkey === 'create'
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
  return credential.toJSON()
}
