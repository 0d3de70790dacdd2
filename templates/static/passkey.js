// Passkeys: shows the forms that ask for one where the browser can, and puts
// the browser's answer into them. Without this script they stay hidden, and
// the password does.
"use strict";
(() => {
  const able = "PublicKeyCredential" in window && "credentials" in navigator;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  // What the server says, with bytes in place of their texts.
  const request = (options) => ({ ...options, challenge: bytes(options.challenge), allowCredentials: ids(options.allowCredentials) });
  const creation = (options) => ({
    ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: ids(options.excludeCredentials),
  });

  // What the browser answers, the other way round.
  const answer = (key) => {
    const from = key.response;
    const response = { clientDataJSON: text(from.clientDataJSON) };
    if (from.attestationObject) {
      response.attestationObject = text(from.attestationObject);
      response.transports = from.getTransports ? from.getTransports() : [];
    } else {
      response.authenticatorData = text(from.authenticatorData);
      response.signature = text(from.signature);
      if (from.userHandle && from.userHandle.byteLength) response.userHandle = text(from.userHandle);
    }
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response, clientExtensionResults: {} });
  };

  const faults = { NotAllowedError: "cancel", AbortError: "cancel", InvalidStateError: "exists", SecurityError: "site" };

  // Only one ceremony runs at a time: the one behind the address field ends
  // when the button is pressed.
  let waiting = null;
  const run = async (form, quiet) => {
    if (waiting) waiting.abort();
    const control = new AbortController();
    waiting = control;
    for (const line of form.querySelectorAll("[data-fault]")) line.hidden = true;
    const options = JSON.parse(form.dataset.options);
    try {
      const key = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: creation(options), signal: control.signal })
        : await navigator.credentials.get({ publicKey: request(options), signal: control.signal, ...(quiet ? { mediation: "conditional" } : {}) });
      form.elements.credential.value = answer(key);
      form.submit();
    } catch (error) {
      if (quiet || waiting !== control) return;
      const line = form.querySelector(`[data-fault=${faults[error.name] || "other"}]`);
      line.hidden = false;
    }
  };

  if (able) {
    for (const none of document.querySelectorAll("[data-passkey-none]")) none.hidden = true;
    for (const form of document.querySelectorAll("form[data-passkey]")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        run(form, false);
      });
      form.hidden = false;
      if ("autofill" in form.dataset && PublicKeyCredential.isConditionalMediationAvailable) {
        PublicKeyCredential.isConditionalMediationAvailable().then((can) => can && run(form, true));
      }
      // The password manager may forget a passkey that is not registered here.
      if (form.dataset.unknown && PublicKeyCredential.signalUnknownCredential) {
        PublicKeyCredential.signalUnknownCredential({ rpId: form.dataset.site, credentialId: form.dataset.unknown }).catch(() => {});
      }
    }
    const list = document.querySelector("[data-signal]");
    if (list && PublicKeyCredential.signalAllAcceptedCredentials) {
      PublicKeyCredential.signalAllAcceptedCredentials(JSON.parse(list.dataset.signal)).catch(() => {});
    }
    const fields = document.querySelectorAll("input[name=passkeys]");
    if (fields.length && PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable) {
      PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().then((can) => {
        for (const field of fields) field.value = can ? "1" : "";
      });
    }
  }
})();
