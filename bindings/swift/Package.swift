// swift-tools-version: 6.0
import Foundation
import PackageDescription

// On a Mac `build-xcframework.sh` puts the native library for iPhones, simulators and Macs here. Without it the library is
// found by the linker: `-Xlinker -L<folder>`, as README.md says.
let framework = "build/jigap_ffi.xcframework"
let built = FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + framework)

let package = Package(
    name: "Jigap",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Jigap", targets: ["Jigap"])],
    targets: [
        built
            ? .binaryTarget(name: "jigap_ffiFFI", path: framework)
            : .systemLibrary(name: "jigap_ffiFFI"),
        .target(
            name: "JigapFFI",
            dependencies: ["jigap_ffiFFI"],
            linkerSettings: built ? [] : [.linkedLibrary("jigap_ffi")]
        ),
        .target(name: "Jigap", dependencies: ["JigapFFI"]),
        .testTarget(name: "JigapTests", dependencies: ["Jigap"]),
    ],
    swiftLanguageModes: [.v6]
)
