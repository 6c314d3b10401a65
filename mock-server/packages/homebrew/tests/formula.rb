# Loads the formula FILE as Homebrew does on a machine with OS and CPU, and prints the address and the checksum of its archive. With
# FOLDER, an unpacked archive, it also installs that into PREFIX and runs the test of the formula. It has as much of Homebrew as this
# formula uses.
require "fileutils"
require "pathname"
require "socket"

FILE, OS, CPU, FOLDER, PREFIX = ARGV

class Pathname
  def install(*sources)
    mkpath
    sources.flatten.each { |source| FileUtils.cp(source, self) }
  end
end

class Formula
  class << self
    attr_reader :told, :tested

    def method_missing(name, value = nil)
      (@told ||= {})[name] = value
    end

    def respond_to_missing?(*) = true

    def on_macos = OS == "macos" && yield
    def on_linux = OS == "linux" && yield
    def on_arm = CPU == "arm" && yield
    def on_intel = CPU == "intel" && yield
    def service = nil
    def test(&block) = (@tested = block)
  end

  def prefix = Pathname.new(PREFIX)
  def bin = prefix/"bin"
  def man1 = prefix/"share/man/man1"
  def system(*command, **options) = Kernel.system(*command.map(&:to_s), **options) || raise("#{command.join(" ")} failed")
  def spawn(*command) = Process.spawn(*command.map(&:to_s))

  def free_port
    server = TCPServer.new("127.0.0.1", 0)
    server.addr[1].tap { server.close }
  end

  def generate_completions_from_executable(program, command)
    %w[bash zsh fish].each { |shell| system program, command, shell, out: File::NULL }
  end
end

load FILE
puts StepupMock.told.values_at(:url, :sha256)
if FOLDER
  Dir.chdir(FOLDER) { StepupMock.new.install }
  StepupMock.new.instance_eval(&StepupMock.tested)
end
