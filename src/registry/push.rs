//! A push: what is there is not sent again, what breaks off goes on where it stopped.

use std::{
    fs,
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use super::{
    client::{Client, RegistryError, Upload},
    error::ImageError,
    hashing_writer::HashingWriter,
    image::{BlobDescriptor, LocalImage},
};

/// How many bytes go with one call. ECR's own API takes parts of at most 10 MiB (ECR API reference,
/// UploadLayerPart); its registry is not known to want less.
const PART: u64 = 10 * 1024 * 1024;
/// How many blobs are sent at once.
const WORKERS: usize = 4;
/// How often a call is tried again before the push ends, if nothing at all gets through.
const TRIES: u32 = 6;
/// The pause before the first further try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// Who is told how it goes. `blob` is the number of a blob in [`LocalImage::blobs`].
pub trait PushObserver: Sync {
    /// It was there.
    fn skipped(&self, blob: usize);
    /// So many bytes of it are there by now.
    fn reached(&self, blob: usize, offset: u64);
    /// It is there.
    fn done(&self, blob: usize);
    /// It did not go well, and is tried again.
    fn again(&self, why: &str);
}

/// What a push came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushSummary {
    /// How many blobs were sent.
    pub sent: usize,
    /// How many were there.
    pub skipped: usize,
    /// How many bytes were sent, those included that had to be sent twice.
    pub bytes: u64,
    /// Whether the tag named this very image before.
    pub same: bool,
}

/// Pushes an image under a tag: blobs first, several at once, and the manifest last, so that the
/// tag leads to the old image until then. Does nothing if the tag names this very image.
pub fn push(
    client: &Client,
    image: &LocalImage,
    tag: &str,
    observer: &dyn PushObserver,
) -> Result<PushSummary, PushFailure> {
    let all = image.blobs();
    let pushed = Mutex::new(PushSummary::default());
    let failure = |so_far, error| PushFailure { so_far, error };
    let there = again(observer, || client.manifest(tag));
    let there = there.map_err(|error| failure(PushSummary::default(), error))?;
    if there.as_deref() == Some(image.digest().as_str()) {
        return Ok(PushSummary { skipped: all.len(), same: true, ..PushSummary::default() });
    }
    let next = Mutex::new(all.iter().enumerate());
    let failed: Mutex<Option<PushError>> = Mutex::new(None);
    let work = || {
        while lock(&failed).is_none() {
            // Bound first: the lock must not be held while a blob is sent.
            let Some((number, blob)) = lock(&next).next() else { return };
            let job = PushJob { client, image, observer, number, blob };
            if let Err(error) = job.send(&pushed) {
                lock(&failed).get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..WORKERS.min(all.len()) {
            scope.spawn(work);
        }
    });
    let pushed = pushed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(failure(pushed, error));
    }
    let put = again(observer, || client.put_manifest(tag, &image.media_type, &image.bytes));
    put.map(|()| pushed).map_err(|error| failure(pushed, error))
}

/// A push that did not reach its end.
#[derive(Debug)]
pub struct PushFailure {
    /// What was pushed until then.
    pub so_far: PushSummary,
    /// Why it ended.
    pub error: PushError,
}

/// Why a push ended.
#[derive(Debug)]
pub enum PushError {
    /// The image's own side.
    Image(ImageError),
    /// The registry's.
    Registry(RegistryError),
}

impl From<RegistryError> for PushError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<ImageError> for PushError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One blob on its way.
struct PushJob<'a> {
    client: &'a Client,
    image: &'a LocalImage,
    observer: &'a dyn PushObserver,
    number: usize,
    blob: &'a BlobDescriptor,
}

/// What one call of an upload came to.
enum PushStep {
    /// A part was taken.
    Sent {
        /// The upload after it.
        next: Upload,
        /// How large the part was.
        bytes: u64,
    },
    /// The registry has the whole blob.
    Finished,
}

impl PushJob<'_> {
    /// Sends one blob, unless the registry has it. Each part that gets through starts the count of
    /// failures again.
    fn send(&self, pushed: &Mutex<PushSummary>) -> Result<(), PushError> {
        if again(self.observer, || self.client.has(&self.blob.digest))? {
            self.observer.skipped(self.number);
            lock(pushed).skipped += 1;
            return Ok(());
        }
        let mut file = self.verified()?;
        let mut upload = again(self.observer, || self.client.begin())?;
        let mut tries = 0;
        loop {
            match self.step(&mut file, &upload) {
                Ok(PushStep::Sent { next, bytes }) => {
                    upload = next;
                    tries = 0;
                    lock(pushed).bytes += bytes;
                    self.observer.reached(self.number, upload.offset);
                }
                Ok(PushStep::Finished) => break,
                Err(PushError::Image(error)) => return Err(error.into()),
                Err(PushError::Registry(error)) => {
                    upload = self.resume(&upload, error, &mut tries)?;
                    self.observer.reached(self.number, upload.offset);
                }
            }
        }
        lock(pushed).sent += 1;
        self.observer.done(self.number);
        Ok(())
    }

    /// Sends the next part of the blob; if all bytes are there, ends the upload.
    fn step(&self, file: &mut fs::File, upload: &Upload) -> Result<PushStep, PushError> {
        if upload.offset >= self.blob.size {
            self.client.finish(upload, &self.blob.digest)?;
            return Ok(PushStep::Finished);
        }
        let failed = |error| ImageError::file(self.image.path(&self.blob.digest), error);
        file.seek(SeekFrom::Start(upload.offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        let part = PART.max(upload.part_min);
        file.take(part).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.is_empty() {
            let kind = io::ErrorKind::UnexpectedEof;
            return Err(failed(io::Error::new(kind, "it has become shorter meanwhile")).into());
        }
        let next = self.client.part(upload, &bytes)?;
        Ok(PushStep::Sent { next, bytes: bytes.len() as u64 })
    }

    /// Where to go on after a call that failed: where the registry says, or from the start. `tries`
    /// counts the failures in a row; `Err` if there are too many, or another try is of no use.
    fn resume(
        &self,
        upload: &Upload,
        error: RegistryError,
        tries: &mut u32,
    ) -> Result<Upload, PushError> {
        let (RegistryError::Passing(why) | RegistryError::Lost(why)) = &error else {
            return Err(error.into());
        };
        *tries += 1;
        if *tries >= TRIES {
            return Err(error.into());
        }
        self.observer.again(why);
        pause(*tries);
        match self.client.status(upload) {
            Ok(upload) => Ok(upload),
            Err(RegistryError::Lost(_) | RegistryError::Refused(404..=405 | 416, _)) => {
                Ok(again(self.observer, || self.client.begin())?)
            }
            Err(RegistryError::Passing(_)) => Ok(upload.clone()),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Opens the file of the blob, whose bytes have been compared with the digest and the size.
    fn verified(&self) -> Result<fs::File, ImageError> {
        let BlobDescriptor { digest, size, .. } = self.blob;
        let failed = |error| ImageError::file(self.image.path(digest), error);
        let mut file = self.image.open(digest)?;
        let mut hash = HashingWriter::new(io::sink());
        io::copy(&mut file, &mut hash).map_err(failed)?;
        if hash.end() != (digest.clone(), *size) {
            let path = self.image.path(digest);
            return Err(ImageError::Unfit(format!(
                "{}: its bytes are not those of {digest}; build the image again",
                path.display()
            )));
        }
        Ok(file)
    }
}

/// Makes a call, and makes it again up to [`TRIES`] times in all while it may go well another time.
fn again<T>(
    observer: &dyn PushObserver,
    call: impl Fn() -> Result<T, RegistryError>,
) -> Result<T, PushError> {
    let mut tries = 0;
    loop {
        match call() {
            Err(RegistryError::Passing(why)) if tries + 1 < TRIES => {
                tries += 1;
                observer.again(&why);
                pause(tries);
            }
            done => return Ok(done?),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a push has threads of its own")]
fn pause(tries: u32) {
    thread::sleep(PAUSE.saturating_mul(1 << tries.min(6)));
}
