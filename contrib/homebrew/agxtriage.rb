# Homebrew installs from taps alone: contrib/homebrew/tap puts this formula into one, with the clone that it lies in
# for its source.
#
# There is no release yet, hence no `url` and no `sha256`. The release that changes that writes both between
# `homepage` and `license`, with the checksum of the very archive that it publishes (`meson dist` makes it and its
# .sha256sum), and the project's public address in place of the two of example.org, which is nobody's.
#
# No `service`: `agxtriage agent install` makes the launchd job, checks that the daemon really runs in it, and names
# the program by a path that outlives an upgrade. A job of `brew services` beside it would be a second daemon of the
# same database, which `agxtriage agent status` and `agxtriage doctor` know nothing of.
class Agxtriage < Formula
  desc "Collects, explains and counts crashes inside Apple's GPU driver"
  homepage "https://example.org/agxtriage"
  license "MIT"
  head "https://example.org/agxtriage.git", branch: "main"

  depends_on "meson" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "cjson"
  depends_on "libarchive"
  depends_on "libuv"
  depends_on "sqlite"
  depends_on "zstd"

  uses_from_macos "python" => :build

  def install
    system "meson", "setup", "build", *std_meson_args
    system "meson", "compile", "-C", "build", "--verbose"
    system "meson", "install", "-C", "build"
  end

  def caveats
    <<~EOS
      To collect reports from login to login:
        agxtriage agent install
      To end that, before uninstalling:
        agxtriage agent uninstall
    EOS
  end

  test do
    (testpath/"report.ips").write <<~EOS
      {"app_name":"Python","bug_type":"309","incident_id":"00000000-1111-2222-3333-444444444444","name":"Python"}
      {"procName":"Python","pid":81920,"cpuType":"ARM-64","captureTime":"2025-12-20 17:36:18.2862 -0800",
       "exception":{"type":"EXC_BAD_ACCESS","signal":"SIGSEGV","subtype":"KERN_INVALID_ADDRESS at 0x00000000000005c8",
                    "codes":"0x0000000000000001, 0x00000000000005c8","rawCodes":[1,1480]},
       "faultingThread":0,
       "threads":[{"id":1,"triggered":true,"frames":[{"imageIndex":0,"imageOffset":4096,"symbolLocation":32,
                   "symbol":"-[AGXG16XFamilyComputeContext_mtlnext setComputePipelineState:]"}]}],
       "usedImages":[{"source":"P","arch":"arm64e","base":4294967296,"size":65536,"CFBundleVersion":"329.2",
                      "uuid":"11111111-2222-3333-4444-555555555555","name":"AGXMetalG16X",
                      "path":"/System/Library/Extensions/AGXMetalG16X.bundle/Contents/MacOS/AGXMetalG16X"}]}
    EOS
    ENV["AGXTRIAGE_DB"] = (testpath/"crashes.db").to_s
    site = "agx-set-compute-pipeline-state"
    assert_match "1 new", shell_output("#{bin}/agxtriage scan #{testpath}/report.ips 2>&1")
    assert_match "\"site\":\"#{site}\"", shell_output("#{bin}/agxtriage list --json")
    assert_match site, shell_output("#{bin}/agxtriage rules list")

    # Both helpers are found where they were installed; one thread never meets another, so nothing crashes.
    system bin/"agxtriage", "export", "--output", testpath/"all.tar.gz"
    assert_path_exists testpath/"all.tar.gz"
    system bin/"agxtriage", "repro", "--backend", "sim", "--lock", "none", "--threads", "1", "--runs", "2",
                            "--operations", "20", "--wait", "0"
    system bin/"agxtriage", "doctor"
  end
end
