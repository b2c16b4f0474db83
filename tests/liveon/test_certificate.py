"""The certificate of `serve --tls`."""

import ipaddress
import stat

from cryptography import x509

from liveon.certificate import self_signed


def names(path) -> x509.SubjectAlternativeName:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_the_certificate_names_the_address_and_the_key_is_private(tmp_path):
    certificate, key = self_signed(tmp_path / "tls", "192.0.2.7")
    assert ipaddress.ip_address("192.0.2.7") in names(certificate).get_values_for_type(x509.IPAddress)
    assert "localhost" in names(certificate).get_values_for_type(x509.DNSName)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_good_certificate_is_kept_so_that_people_accept_it_once(tmp_path):
    first = self_signed(tmp_path, "meet.example.com")[0].read_bytes()
    assert self_signed(tmp_path, "meet.example.com")[0].read_bytes() == first


def test_another_address_gets_a_new_certificate(tmp_path):
    first = self_signed(tmp_path, "meet.example.com")[0].read_bytes()
    certificate, _key = self_signed(tmp_path, "other.example.com")
    assert certificate.read_bytes() != first
    assert "other.example.com" in names(certificate).get_values_for_type(x509.DNSName)


def test_a_broken_file_is_replaced(tmp_path):
    (tmp_path / "certificate.pem").write_text("broken")
    certificate, _key = self_signed(tmp_path, "localhost")
    assert "localhost" in names(certificate).get_values_for_type(x509.DNSName)
