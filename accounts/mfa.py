"""allauth's questions about second factors."""

from allauth.mfa.adapter import DefaultMFAAdapter

from accounts import encryption


class MfaAdapter(DefaultMFAAdapter):
    """Seeds of codes are encrypted in the database."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)
