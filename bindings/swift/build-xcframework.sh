#!/bin/bash
# Builds build/jigap_ffi.xcframework: the native library for iPhones, iPhone simulators and Macs. Package.swift takes it from there.
#
#   bindings/swift/build-xcframework.sh
#
# Needs a Mac with Xcode, and rustup. NOT RUN YET by the project's own tests: they have Linux only (see README.md).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
project=$(cd "$here/../.." && pwd -P)
build=$here/build

[ "$(uname -s)" = Darwin ] || { echo "needs a Mac with Xcode" >&2; exit 69; }
command -v xcodebuild >/dev/null || { echo "needs Xcode: xcode-select --install is not enough" >&2; exit 69; }

device=(aarch64-apple-ios)
simulator=(aarch64-apple-ios-sim x86_64-apple-ios)
mac=(aarch64-apple-darwin x86_64-apple-darwin)

# The oldest systems of Package.swift. SQLite and ring are C, and ask for these.
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0

cd "$project"
rustup target add "${device[@]}" "${simulator[@]}" "${mac[@]}"
target=$(cargo metadata --format-version 1 --no-deps | plutil -extract target_directory raw -o - -)
for triple in "${device[@]}" "${simulator[@]}" "${mac[@]}"; do
  # The static library alone: with two crate types at once, link-time optimisation is silently off.
  cargo rustc -p jigap-ffi --lib --profile dist --target "$triple" --crate-type staticlib
done

rm -rf "$build"
headers=$build/headers
mkdir -p "$headers"
cp "$here"/Sources/jigap_ffiFFI/* "$headers/"

# One library for each platform, of all its processors.
slice() {
  local name=$1 triple
  shift
  local parts=()
  for triple in "$@"; do parts+=("$target/$triple/dist/libjigap_ffi.a"); done
  mkdir -p "$build/$name"
  lipo -create "${parts[@]}" -output "$build/$name/libjigap_ffi.a"
}
slice device "${device[@]}"
slice simulator "${simulator[@]}"
slice mac "${mac[@]}"

xcodebuild -create-xcframework \
  -library "$build/device/libjigap_ffi.a" -headers "$headers" \
  -library "$build/simulator/libjigap_ffi.a" -headers "$headers" \
  -library "$build/mac/libjigap_ffi.a" -headers "$headers" \
  -output "$build/jigap_ffi.xcframework"
echo "made $build/jigap_ffi.xcframework"
