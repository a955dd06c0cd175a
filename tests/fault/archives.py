"""Archives as a stranger reads and repacks them: with Python's own modules, which know nothing of ours."""
import gzip
import hashlib
import io
import json
import re
import tarfile
import zipfile

FOLDER = 'agxtriage-export/'
NAME = re.compile(r'(manifest\.json|SHA256SUMS|REPORT\.md|report\.html|incidents\.json|experiments\.json|platform\.json'
                  r'|FEEDBACK\.md|ISSUE\.md|repro/README\.md|repro/agxtriage-repro\.m'
                  r'|reports/[0-9]{6,}(-[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?\.ips)')


def read(path):
    """{name within the folder: bytes}, in the archive's order; and what is written about each member."""
    members, about = {}, []
    if path.endswith('.zip'):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                about.append((info.filename, info.comment, info.extra))
                if not info.is_dir():
                    members[info.filename.removeprefix(FOLDER)] = archive.read(info)
        return members, about
    with tarfile.open(path) as archive:
        for info in archive:
            about.append((info.name, info.uname, info.gname, info.uid, info.gid, info.mtime, info.pax_headers))
            if info.isfile():
                members[info.name.removeprefix(FOLDER)] = archive.extractfile(info).read()
    return members, about


def pack(path, members):
    """A tar.gz of (name, bytes), whatever the names are."""
    with tarfile.open(path, 'w:gz') as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def repack(path, members, order=None):
    return pack(path, [(FOLDER + name, members[name]) for name in order or members])


def header_of(path):
    """What stands before the compressed bytes: a name or a time in there would be one too many."""
    with open(path, 'rb') as file:
        return file.read(64)


def unpacked(path):
    with gzip.open(path) as file:
        return file.read()


def sums_hold(members):
    """Names in SHA256SUMS whose sum is another, or that are missing there."""
    wrong, named = [], set()
    for line in members['SHA256SUMS'].decode('ascii').splitlines():
        digest, name = line.split('  ', 1)
        named.add(name)
        if name not in members or hashlib.sha256(members[name]).hexdigest() != digest:
            wrong.append(name)
    return wrong + sorted(set(members) - named - {'SHA256SUMS'})


def manifest(members):
    return json.loads(members['manifest.json'])
