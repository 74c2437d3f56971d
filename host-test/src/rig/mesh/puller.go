// Fetches a filter as the agent beside Istio's proxy does, and prints the path of the file that it would give to Envoy.
//
//	puller DIRECTORY URL SHA256
package main

import (
	"fmt"
	"os"
	"time"

	"istio.io/istio/pkg/wasm"
)

func main() {
	directory, url, checksum := os.Args[1], os.Args[2], os.Args[3]
	hour := time.Hour
	options := wasm.Options{PurgeInterval: hour, ModuleExpiry: hour, HTTPRequestTimeout: hour, HTTPRequestMaxRetries: 1}
	cache := wasm.NewLocalFileCache(directory, options)
	defer cache.Cleanup()
	path, err := cache.Get(url, wasm.GetOptions{Checksum: checksum, RequestTimeout: hour})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(path)
}
