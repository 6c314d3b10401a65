# Builds the mock from this repository: nix-build mock-server/packages/nix
{ pkgs ? import <nixpkgs> { } }:

let
  root = ../../..;
  manifest = (builtins.fromTOML (builtins.readFile (root + "/Cargo.toml"))).workspace.package;
in
pkgs.rustPlatform.buildRustPackage {
  pname = "stepup-mock";
  inherit (manifest) version;
  src = pkgs.lib.fileset.toSource {
    inherit root;
    fileset = pkgs.lib.fileset.gitTracked root;
  };
  cargoLock.lockFile = root + "/Cargo.lock";
  buildAndTestSubdir = "mock-server";
  # The tests of the workspace need Python, Node.js and package registries.
  doCheck = false;
  doInstallCheck = true;
  installCheckPhase = ''$out/bin/stepup-mock --version'';
  meta = {
    description = "A mock of Authsignal and Activeconnect for tests";
    license = [ pkgs.lib.licenses.mit pkgs.lib.licenses.asl20 ];
    mainProgram = "stepup-mock";
  };
}
