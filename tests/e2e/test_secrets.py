"""Secret addresses are shown once and kept nowhere: neither in a log nor in any file of the installation."""

from tests.e2e.admintool import Administrator


def test_secret_addresses_are_in_no_file(person, browser, organisation, product):
    administrator = Administrator(browser("chromium", "red"), organisation)
    administrator.page.goto(f"{organisation.admintool_url}nowhere/")
    administrator.close()
    host, guest = person("red"), person("blue")
    host.login(organisation, "admin")
    link = host.make_guest_link(organisation.rooms["open"], "Secret Guest")
    guest.open_join_page(link)
    guest.page.goto(link.replace("/g/", "/g/wrong"))

    secrets = [address.rstrip("/").rsplit("/", 1)[1] for address in (organisation.admintool_url, link)]
    assert all(len(secret) >= 43 for secret in secrets)
    log = product.log.read_text(encoding="utf-8")
    assert "/admintool/***" in log
    assert "/g/***" in log
    for path in product.data_dir.parent.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in secrets), path
