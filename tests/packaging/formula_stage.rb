# formula_stage.rb FORMULA MODE [PREFIX FOLDER]: as much of Homebrew's language as the formula uses.
#
#   facts  what it declares, and the commands of its `install`, as JSON
#   test   runs its `test` block against the installation in PREFIX, in FOLDER
require "json"
require "open3"
require "pathname"

class Formula
  DECLARED = []
  TESTS = []

  class << self
    %i[desc homepage url sha256 license head depends_on uses_from_macos service].each do |name|
      define_method(name) { |*values, **options, &_block| DECLARED << [name, *values, options] }
    end

    def test(&block)
      TESTS << block
    end
  end

  attr_reader :prefix, :testpath, :commands

  def initialize(prefix, folder)
    @prefix = Pathname(prefix)
    @testpath = Pathname(folder)
    @commands = nil
  end

  def bin
    prefix/"bin"
  end

  def std_meson_args
    ["--prefix=#{prefix}"]
  end

  def record
    @commands = []
    install
    @commands
  end

  # Like Homebrew's: what fails ends the installation, or the test.
  def system(*words)
    return @commands << words.map(&:to_s) if @commands

    Kernel.system(*words.map(&:to_s)) || raise("#{words.join(" ")}: #{$CHILD_STATUS}")
  end

  def shell_output(command, expected = 0)
    text, status = Open3.capture2(command)
    raise "#{command}: #{status}" unless status.exitstatus == expected

    text
  end

  def assert_match(wanted, text)
    raise "no #{wanted} in #{text}" unless text.match?(wanted.is_a?(Regexp) ? wanted : Regexp.escape(wanted))
  end

  def assert_path_exists(path)
    raise "no #{path}" unless path.exist?
  end
end

require "English"
formula, mode, prefix, folder = ARGV
load File.expand_path(formula)
stage = Agxtriage.new(prefix || "/prefix", folder || "/folder")
if mode == "facts"
  facts = { declared: Formula::DECLARED, install: stage.record, caveats: stage.caveats, tests: Formula::TESTS.size }
  puts JSON.generate(facts)
else
  Dir.chdir(folder) { Formula::TESTS.each { |block| stage.instance_exec(&block) } }
end
