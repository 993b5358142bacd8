"""Why a file is refused as a recording, and why a recording is not valid for the sample."""

from outbound.errors import Refusal


class NotAudio(Refusal):
    """This file is not a recording that can be played; export it again as WAV, MP3, OGG or FLAC."""

    zh = "这个文件不是可以播放的录音，请从录音系统重新导出为 WAV、MP3、OGG 或 FLAC 格式。"
    status = 422


class EmptyRecording(Refusal):
    """This recording holds no sound at all; send it again from the recorder."""

    zh = "录音文件是空的，没有任何声音，请从录音系统重新上传。"
    status = 422


class TruncatedRecording(Refusal):
    """The recording breaks off: only {held} s of it can be decoded and its own header promises more; send the whole
    file again from the recorder."""

    zh = "录音不完整：只能解码出 {held} 秒，少于文件头标明的时长，请从录音系统重新上传完整的文件。"
    status = 422


class NeedsFfmpeg(Refusal):
    """A {kind} recording can only be read with ffmpeg, which is not installed on this server; install the ffmpeg
    package, or export the recording as WAV, MP3, OGG or FLAC."""

    zh = (
        "读取 {kind} 格式的录音需要 ffmpeg，本服务器尚未安装。"
        "请安装 ffmpeg 软件包，或将录音导出为 WAV、MP3、OGG 或 FLAC 格式。"
    )
    status = 422


class NotOneCall(Refusal):
    """This file has {channels} channels at {rate} Hz; a call has one or two, at 4,000 to 192,000 Hz; export it
    again."""

    zh = (
        "该文件有 {channels} 个声道，采样率 {rate} Hz；"
        "通话录音应为单声道或双声道，采样率为 4000 至 192000 Hz，请重新导出。"
    )
    status = 422


class TooLong(Refusal):
    """The recording is longer than {hours} hours; cut it into its calls and send each of them."""

    zh = "录音超过 {hours} 小时，请按通话切分后逐个上传。"
    status = 422


class TooShort(Refusal):
    """The recording lasts {seconds} s, less than the {minimum} s that this campaign asks for."""

    zh = "录音只有 {seconds} 秒，短于本活动要求的 {minimum} 秒。"


class NobodySpeaks(Refusal):
    """Nobody speaks on this recording; check the recorder's line or the headset."""

    zh = "录音中无人说话，请检查录音线路或耳麦。"
