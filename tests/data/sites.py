"""What the golden fixtures say: one compact entry per published crash site, and what must be read from it.

A frame is (image, symbol, offset) or (image, symbol, offset, source file, line, inline). "{G}" in an
image or a symbol stands for the driver generation. Facts are dotted paths of `show --json`.
"""

GENERATION = "G16X"

# name: (folder of the image, bundle identifier or None, version or None)
IMAGES = {
    "AGXMetal{G}": ("/System/Library/Extensions/AGXMetal{G}.bundle/Contents/MacOS", "com.apple.AGXMetal{G}", "329.2"),
    "Metal": ("/System/Library/Frameworks/Metal.framework/Versions/A", "com.apple.Metal", "368.52"),
    "MetalTools": ("/System/Library/PrivateFrameworks/MetalTools.framework/Versions/A", "com.apple.MetalTools", "1.0"),
    "IOGPU": ("/System/Library/PrivateFrameworks/IOGPU.framework/Versions/A", "com.apple.IOGPU", "104.6.3"),
    "MPSCore": ("/System/Library/Frameworks/MetalPerformanceShaders.framework/Versions/A/Frameworks/MPSCore.framework/Versions/A", "com.apple.MetalPerformanceShaders.MPSCore", "1.0"),
    "MPSNDArray": ("/System/Library/Frameworks/MetalPerformanceShaders.framework/Versions/A/Frameworks/MPSNDArray.framework/Versions/A", "com.apple.MetalPerformanceShaders.MPSNDArray", "1.0"),
    "CoreFoundation": ("/System/Library/Frameworks/CoreFoundation.framework/Versions/A", "com.apple.CoreFoundation", "6.9"),
    "Python": ("/opt/python/Python.framework/Versions/3.14", "org.python.python", "3.14.0"),
    "libtorch_cpu.dylib": ("/Users/USER/*/torch/lib", None, None),
    "libtorch_python.dylib": ("/Users/USER/*/torch/lib", None, None),
    "libmlx.dylib": ("/Users/USER/*/mlx/lib", None, None),
    "libggml-metal.dylib": ("/opt/llama/lib", None, None),
    "libggml-base.dylib": ("/opt/llama/lib", None, None),
    "libllama.dylib": ("/opt/llama/lib", None, None),
    "libobjc.A.dylib": ("/usr/lib", None, None),
    "libc++abi.dylib": ("/usr/lib", None, None),
    "dyld": ("/usr/lib", None, None),
    "libdispatch.dylib": ("/usr/lib/system", None, None),
    "libsystem_kernel.dylib": ("/usr/lib/system", None, None),
    "libsystem_pthread.dylib": ("/usr/lib/system", None, None),
    "libsystem_platform.dylib": ("/usr/lib/system", None, None),
    "libsystem_c.dylib": ("/usr/lib/system", None, None),
}

AGX = "AGXMetal{G}"
KERNEL = "libsystem_kernel.dylib"
PTHREAD = "libsystem_pthread.dylib"
TORCH = "libtorch_cpu.dylib"
DISPATCH = "libdispatch.dylib"
HAL = ("AGX::HAL200::Encoders, AGX::HAL200::Classes, AGX::HAL200::ObjClasses, "
       "AGX::HAL200::EncoderComputeServiceClasses")
COMPUTE = "AGX::ComputeContext<" + HAL + ">::"
SET_PIPELINE = "-[AGX{G}FamilyComputeContext setComputePipelineState:]"
DISPATCH_THREADS = "-[AGX{G}FamilyComputeContext dispatchThreads:threadsPerThreadgroup:]"
ENCODING = "A command encoder is already encoding to this command buffer"

PYTHON_TAIL = [
    ("Python", "method_vectorcall_VARARGS_KEYWORDS", 148),
    ("Python", "vectorcall_maybe", 132),
    ("Python", "_PyEval_EvalFrameDefault", 468),
    ("Python", "thread_run", 80),
    ("Python", "pythread_wrapper", 28),
    (PTHREAD, "_pthread_start", 136),
    (PTHREAD, "thread_start", 8),
]
NATIVE_TAIL = [(PTHREAD, "_pthread_start", 136), (PTHREAD, "thread_start", 8)]


def torch_block(offset):
    return [(TORCH, "invocation function for block in at::native::mps::MetalShaderLibrary::exec_binary_kernel"
             "(at::TensorIteratorBase&, std::__1::basic_string<char, std::__1::char_traits<char>, "
             "std::__1::allocator<char>> const&, std::__1::optional<c10::Scalar>)", offset)]


def torch_tail(kernel="mul_mps_kernel", op="mul_Tensor", ops=True):
    frames = [
        (TORCH, "invocation function for block in at::native::mps::dispatch_sync_with_rethrow"
         "(dispatch_queue_s*, void () block_pointer)", 40),
        (DISPATCH, "_dispatch_client_callout", 16),
        (DISPATCH, "_dispatch_lane_barrier_sync_invoke_and_complete", 56),
        (TORCH, "at::native::mps::dispatch_sync_with_rethrow(dispatch_queue_s*, void () block_pointer)", 124),
        (TORCH, "at::native::mps::MetalShaderLibrary::exec_binary_kernel(at::TensorIteratorBase&, "
         "std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char>> const&, "
         "std::__1::optional<c10::Scalar>)", 2124),
    ]
    if kernel:
        frames.append((TORCH, "at::native::%s(at::TensorIteratorBase&)" % kernel, 88))
    if ops:
        frames += [
            (TORCH, "at::(anonymous namespace)::wrapper_MPS_%s(at::Tensor const&, at::Tensor const&)" % op, 224),
            (TORCH, "at::_ops::%s::call(at::Tensor const&, at::Tensor const&)" % op, 316),
            ("libtorch_python.dylib", "torch::autograd::THPVariable_%s(_object*, _object*, _object*)"
             % op.split("_")[0], 396),
        ]
    return frames + PYTHON_TAIL


ENQUEUE = [
    (AGX, COMPUTE + "performEnqueueKernel(AGX::DispatchParams const&)", 68),
    (AGX, COMPUTE + "executeKernelWithThreadsPerGridImpl(MTLSize const&, MTLSize const&)", 528),
    (AGX, DISPATCH_THREADS, 292),
]
ABORT = [
    (KERNEL, "__pthread_kill", 8),
    (PTHREAD, "pthread_kill", 296),
    ("libsystem_c.dylib", "abort", 124),
]
ASSERT = ABORT + [
    ("libsystem_c.dylib", "__assert_rtn", 284),
    ("Metal", "MTLReportFailure.cold.1", 48),
    ("Metal", "MTLReportFailure", 464),
]
FAULTHANDLER = [
    (KERNEL, "__pthread_kill", 8),
    (PTHREAD, "pthread_kill", 296),
    ("libsystem_c.dylib", "raise", 32),
    ("Python", "faulthandler_fatal_error", 368),
    ("libsystem_platform.dylib", "_sigtramp", 56),
]
MLX_TAIL = [
    ("libmlx.dylib", "mlx::core::QuantizedMatmul::eval_gpu(std::__1::vector<mlx::core::array, "
     "std::__1::allocator<mlx::core::array>> const&, mlx::core::array&)", 1764),
    ("libmlx.dylib", "mlx::core::gpu::eval(mlx::core::array&)", 220),
    ("libmlx.dylib", "mlx::core::eval_impl(std::__1::vector<mlx::core::array, "
     "std::__1::allocator<mlx::core::array>>, bool)", 5820),
] + PYTHON_TAIL
GGML_TAIL = [
    ("libggml-metal.dylib", "ggml_metal_op_mul_mat", 1012),
    ("libggml-metal.dylib", "ggml_metal_op_encode", 340),
    ("libggml-metal.dylib", "__ggml_metal_set_n_cb_block_invoke", 320),
    (DISPATCH, "_dispatch_apply_invoke2", 132),
    (DISPATCH, "_dispatch_client_callout2", 16),
    (DISPATCH, "_dispatch_root_queue_drain", 364),
    (PTHREAD, "_pthread_wqthread", 232),
    (PTHREAD, "start_wqthread", 8),
]
NATIVE_APP = dict(process="wgpu-demo", frames_tail=NATIVE_TAIL)


def assertion(function, line, text):
    return "%s:%d: failed assertion `%s'" % (function, line, text)


def near_null(site, frames, address, insn, access="read", **more):
    """insn: (mnemonic, target register, base register)."""
    entry = dict(site=site, type="EXC_BAD_ACCESS", address=address, access=access, insn=insn,
                 frames=frames, component="driver", operation="mul_mps_kernel",
                 attribution="undetermined")
    entry.update(more)
    return entry


def aborted(site, frames, messages, **more):
    entry = dict(site=site, type="EXC_CRASH", frames=frames, asi=messages, component="driver")
    entry.update(more)
    return entry


BLIT = "-[AGX{G}FamilyCommandBuffer blitCommandEncoderCommon:]"
RENDER = "-[AGX{G}FamilyCommandBuffer renderCommandEncoderWithDescriptor:]"
COALESCE = ("-[AGX{G}FamilyCommandBuffer "
            "tryCoalescingPreviousComputeCommandEncoderWithConfig:nextEncoderClass:]")
COMMIT = "commit an already committed command buffer"

SITES = [
    near_null("agx-set-compute-pipeline-state",
              [(AGX, SET_PIPELINE, 32)] + torch_block(444) + torch_tail(),
              0x5c8, ("ldr x", 8, 20), concurrency=True),
    near_null("agx-prepare-for-enqueue",
              [(AGX, COMPUTE + "prepareForEnqueue(bool)", 1268)] + ENQUEUE + torch_block(1180)
              + torch_tail("add_mps_kernel", "add_Tensor"),
              0x98, ("ldr x", 9, 21), operation="add_mps_kernel", concurrency=True),
    near_null("agx-allocate-usc-spill-buffer",
              [(AGX, "AGX::SpillInfoGen3<AGX::HAL200::Encoders, AGX::HAL200::Classes>::allocateUSCSpillBuffer"
                "(AGX::SpillParams const&)", 192)] + ENQUEUE + torch_block(1180) + torch_tail(),
              0x184, ("str w", 9, 8), access="write"),
    near_null("agx-dispatch-threads",
              [(AGX, DISPATCH_THREADS, 296)] + torch_block(1180) + torch_tail(),
              0x5f4, ("ldr w", 8, 0)),
    near_null("agx-bind-resource",
              [(AGX, "AGX::ResourceGroupUsage<AGX::HAL200::Encoders, AGX::HAL200::Classes>::bindResource"
                "(AGX::Resource const*)", 32)] + torch_block(620) + torch_tail(),
              0x1e0, ("ldr x", 9, 0)),
    near_null("agx-set-buffer",
              [(AGX, "-[AGX{G}FamilyComputeContext setBuffer:offset:atIndex:]", 56)]
              + torch_block(700) + torch_tail(),
              0x3b90, ("ldr x", 10, 19)),
    near_null("agx-end-render-pass",
              [(AGX, "AGX::RenderContext<AGX::HAL200::Encoders, AGX::HAL200::Classes>::endRenderPassCommon"
                "(bool)", 376),
               (AGX, "-[AGX{G}FamilyRenderContext endEncoding]", 44),
               ("wgpu-demo", "wgpu_hal::metal::command::CommandEncoder::end_render_pass", 60)] + NATIVE_TAIL,
              0x20, ("ldr x", 8, 19), process="wgpu-demo", operation=None),
    near_null("agx-blit-sparse-texture",
              [(AGX, "AGX::BlitDispatchContextGen2<AGX::HAL200::Encoders, AGX::HAL200::Classes>::"
                "dispatchCoalescedSparseTextureShaderBatch(bool)", 116),
               (AGX, "-[AGX{G}FamilyBlitContext endEncoding]", 72),
               ("wgpu-demo", "flush_uploads", 88)] + NATIVE_TAIL,
              0x600f00ba5100, ("ldr x", 8, 3), process="wgpu-demo", operation=None, wild=True),
    aborted("agx-encoder-coalescing",
            ASSERT + [(AGX, COALESCE, 512), (AGX, "-[AGX{G}FamilyCommandBuffer computeCommandEncoderWithConfig:]", 132)]
            + MLX_TAIL,
            {"Metal": [assertion(COALESCE, 1094, ENCODING)], "libsystem_c.dylib": ["abort() called"]},
            operation_re="QuantizedMatmul", attribution="api_misuse"),
    aborted("agx-blit-encoder-already-encoding",
            ASSERT + [(AGX, BLIT, 340)] + torch_block(300) + torch_tail("copy_mps_kernel", "copy_"),
            {"Metal": [assertion(BLIT, 836, ENCODING)], "libsystem_c.dylib": ["abort() called"]},
            operation="copy_mps_kernel", attribution="api_misuse"),
    aborted("agx-render-encoder-already-encoding",
            ASSERT + [(AGX, RENDER, 204), ("wgpu-demo", "wgpu_hal::metal::begin_render_pass", 900)] + NATIVE_TAIL,
            {"Metal": [assertion(RENDER, 963, ENCODING)], "libsystem_c.dylib": ["abort() called"]},
            process="wgpu-demo", attribution="api_misuse"),
    aborted("metal-handler-after-commit",
            ASSERT + [("Metal", "-[_MTLCommandBuffer addCompletedHandler:]", 96)] + MLX_TAIL,
            {"Metal": [assertion("-[_MTLCommandBuffer addCompletedHandler:]", 1011,
                                 "Completed handler provided after commit call")],
             "libsystem_c.dylib": ["abort() called"]},
            component="metal", attribution="api_misuse"),
    aborted("iogpu-encode-signal-uncommitted",
            ASSERT + [("IOGPU", "-[IOGPUMetalCommandBuffer encodeSignalEvent:value:]", 140)] + MLX_TAIL,
            {"Metal": [assertion("-[IOGPUMetalCommandBuffer encodeSignalEvent:value:]", 426,
                                 "encodeSignalEvent:value: with uncommitted encoder")],
             "libsystem_c.dylib": ["abort() called"]},
            component="metal", attribution="api_misuse"),
    aborted("iogpu-commit-twice",
            ASSERT + [("IOGPU", "-[IOGPUMetalCommandBuffer validate]", 176),
                      ("IOGPU", "-[IOGPUMetalCommandBuffer commit]", 64)]
            + [(TORCH, "at::mps::MPSStream::commitAndContinue()", 120)] + torch_tail(),
            {"Metal": [assertion("-[IOGPUMetalCommandBuffer validate]", 213, COMMIT)],
             "libsystem_c.dylib": ["abort() called"]},
            component="metal", attribution="api_misuse", operation="mul_mps_kernel"),
    aborted("iogpu-encoder-after-commit",
            ASSERT + [("IOGPU", "-[IOGPUMetalCommandBuffer setCurrentCommandEncoder:]", 92)] + NATIVE_TAIL,
            {"Metal": [assertion("-[IOGPUMetalCommandBuffer setCurrentCommandEncoder:]", 322,
                                 "_status < MTLCommandBufferStatusCommitted")],
             "libsystem_c.dylib": ["abort() called"]},
            process="wgpu-demo", component="metal", attribution="api_misuse"),
    aborted("metal-encoder-dealloc",
            ASSERT + [("Metal", "-[_MTLCommandEncoder dealloc]", 120),
                      ("wgpu-demo", "drop_encoder", 40)] + NATIVE_TAIL,
            {"Metal": [assertion("-[_MTLCommandEncoder dealloc]", 131,
                                 "Command encoder released without endEncoding")],
             "libsystem_c.dylib": ["abort() called"]},
            process="wgpu-demo", component="metal", attribution="api_misuse"),
    dict(site="objc-use-after-free", type="EXC_BAD_ACCESS", address=0x0070006d00690040, pac=True, access="read",
         frames=[("libobjc.A.dylib", "objc_msgSend", 32),
                 (TORCH, "at::native::mps::MetalShaderLibrary::exec_binary_kernel(at::TensorIteratorBase&)", 900)]
         + torch_tail(), component="runtime", operation="mul_mps_kernel"),
    aborted("mlx-command-buffer-error",
            ABORT + [("libc++abi.dylib", "__abort_message", 132),
                     ("libc++abi.dylib", "demangling_terminate_handler()", 304),
                     ("libobjc.A.dylib", "_objc_terminate()", 156),
                     ("libc++abi.dylib", "std::__terminate(void (*)())", 16),
                     ("libc++abi.dylib", "std::terminate()", 108),
                     ("libmlx.dylib", "mlx::core::gpu::check_error(MTL::CommandBuffer*)", 240),
                     ("libmlx.dylib", "invocation function for block in mlx::core::gpu::eval(mlx::core::array&)", 80),
                     ("Metal", "MTLDispatchListApply", 52),
                     ("Metal", "-[_MTLCommandBuffer didCompleteWithStartTime:endTime:error:]", 588),
                     ("IOGPU", "-[IOGPUMetalCommandBuffer didCompleteWithStartTime:endTime:error:]", 216),
                     ("IOGPU", "IOGPUNotificationQueueDispatchAvailableCompletionNotifications", 148),
                     (DISPATCH, "_dispatch_client_callout4", 16),
                     (DISPATCH, "_dispatch_mach_msg_invoke", 464)],
            {"libsystem_c.dylib": ["abort() called"]}, queue="com.Metal.CompletionQueueDispatch",
            component="framework"),
    near_null("mlx-set-input-array",
              [("libmlx.dylib", "mlx::core::metal::CommandEncoder::set_input_array(mlx::core::array const&, int, "
                "long long)", 28)] + MLX_TAIL,
              0x48, ("ldr x", 8, 1), component="framework", operation=None, operation_re="QuantizedMatmul",
              attribution=None),
    aborted("mps-ndarray-buffer-too-small",
            ASSERT + [("MPSCore", "-[MPSNDArray initWithBuffer:offset:descriptor:isPrivate:]", 812),
                      ("MPSNDArray", "-[MPSNDArrayMatrixMultiplication encodeToCommandBuffer:]", 200)]
            + torch_tail(),
            {"Metal": [assertion("-[MPSNDArray initWithBuffer:offset:descriptor:isPrivate:]", 829,
                                 "[MPSNDArray initWithBuffer:descriptor:] Error: buffer is not large enough.")],
             "libsystem_c.dylib": ["abort() called"]},
            component=None),
    aborted("ggml-metal-residency-at-exit",
            ABORT + [("libggml-base.dylib", "ggml_abort", 160),
                     ("libggml-metal.dylib", "ggml_metal_rsets_free", 88),
                     ("libggml-metal.dylib", "ggml_metal_device_free", 60),
                     ("libsystem_c.dylib", "__cxa_finalize_ranges", 480),
                     ("libsystem_c.dylib", "exit", 44),
                     ("llama-server", "main", 7000),
                     ("dyld", "start", 6076)],
            {"libsystem_c.dylib": ["abort() called"]}, process="llama-server", component="framework"),
    aborted("metal-nil-compute-function",
            ASSERT + [("Metal", "-[MTLComputePipelineDescriptorInternal setComputeFunction:withType:]", 220),
                      ("Metal", "-[_MTLDevice newComputePipelineStateWithFunction:error:]", 76)] + GGML_TAIL,
            {"Metal": [assertion("-[MTLComputePipelineDescriptorInternal setComputeFunction:withType:]", 800,
                                 "computeFunction must not be nil.")],
             "libsystem_c.dylib": ["abort() called"]},
            process="llama-server", component="metal"),
    aborted("metal-validation",
            ASSERT + [("MetalTools", "-[MTLDebugComputeCommandEncoder dispatchThreadgroups:threadsPerThreadgroup:]",
                       412)] + GGML_TAIL,
            {"Metal": [assertion("-[MTLDebugComputeCommandEncoder dispatchThreadgroups:threadsPerThreadgroup:]",
                                 1362, "missing buffer binding at index 2 for src0")],
             "libsystem_c.dylib": ["abort() called"]},
            process="llama-server", component="metal", attribution="api_misuse"),
    dict(site="torch-shader-library-at-exit", type="EXC_BAD_ACCESS", address=0x18, access="read",
         frames=[("libobjc.A.dylib", "objc_release", 16),
                 (TORCH, "at::native::mps::BundledShaderLibrary::~BundledShaderLibrary()", 120),
                 ("libsystem_c.dylib", "__cxa_finalize_ranges", 480),
                 ("libsystem_c.dylib", "exit", 44),
                 ("Python", "Py_Exit", 24),
                 ("Python", "Py_RunMain", 1400),
                 ("dyld", "start", 6076)],
         component_any=["framework", "runtime"]),
    aborted("metal-loader-vm",
            ASSERT + [("Metal", "+[MTLLoader sliceIDForDevice:legacyDriverVersion:airntDriverVersion:]", 300),
                      ("Metal", "-[MTLLoader initWithDevice:]", 52),
                      ("wgpu-demo", "make_device", 20)] + NATIVE_TAIL,
            {"Metal": [assertion("+[MTLLoader sliceIDForDevice:legacyDriverVersion:airntDriverVersion:]", 692,
                                 "Could not determine slice ID")],
             "libsystem_c.dylib": ["abort() called"]},
            process="wgpu-demo", component="metal"),
]

PANICS = [
    ("panic-complete-memory", '"completeMemory() prepare count underflow" @IOGPUMemory.cpp:550'),
    ("panic-remove-memory-object", '"remove_memory_object(): memory object not found" @IOGPUGroupMemory.cpp:323'),
]

# Other threads of the seed case: (name, queue, frames, state) where state is None outside Metal and AGX.
CONCURRENT = [
    (None, "com.apple.main-thread",
     [(KERNEL, "__psynch_cvwait", 8), (PTHREAD, "_pthread_cond_wait", 984), ("Python", "take_gil", 180),
      ("Python", "PyEval_RestoreThread", 24), ("Python", "Py_RunMain", 1400), ("dyld", "start", 6076)], None),
    ("Thread-2 (worker)", "metal gpu stream 2",
     [(AGX, COMPUTE + "prepareForEnqueue(bool)", 1188)] + ENQUEUE + torch_block(1180) + torch_tail(), "running"),
    ("Thread-3 (worker)", "metal gpu stream 3",
     [(KERNEL, "__psynch_mutexwait", 8), (PTHREAD, "_pthread_mutex_firstfit_lock_wait", 84),
      (PTHREAD, "_pthread_mutex_firstfit_lock_slow", 220), (AGX, SET_PIPELINE, 88)]
     + torch_block(444) + torch_tail(), "blocked"),
    ("Thread-4 (worker)", None,
     [(KERNEL, "semaphore_wait_trap", 8), (DISPATCH, "_dispatch_sema4_wait", 28),
      (DISPATCH, "_dispatch_semaphore_wait_slow", 132), ("Metal", "-[_MTLCommandQueue _submitAvailableCommandBuffers]",
                                                         404)] + PYTHON_TAIL, "blocked"),
    (None, None, [(KERNEL, "__workq_kernreturn", 8), (PTHREAD, "_pthread_wqthread", 364),
                  (PTHREAD, "start_wqthread", 8)], None),
]
