//! Bounds-checked access to a guest's memory.

use super::errno;

/// The whole memory of a guest. Every access is checked; addresses are the guest's and thus
/// anything at all.
pub struct GuestMemory<'m>(pub &'m mut [u8]);

impl GuestMemory<'_> {
    pub fn bytes(&self, at: u32, n_bytes: u32) -> Result<&[u8], i32> {
        let start = at as usize;
        self.0.get(start..start + n_bytes as usize).ok_or(errno::FAULT)
    }

    pub fn bytes_mut(&mut self, at: u32, n_bytes: u32) -> Result<&mut [u8], i32> {
        let start = at as usize;
        self.0.get_mut(start..start + n_bytes as usize).ok_or(errno::FAULT)
    }

    pub fn text(&self, at: u32, n_bytes: u32) -> Result<&str, i32> {
        std::str::from_utf8(self.bytes(at, n_bytes)?).map_err(|_| errno::INVAL)
    }

    pub fn u32(&self, at: u32) -> Result<u32, i32> {
        let bytes = self.bytes(at, 4)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes were asked for")))
    }

    pub fn u64(&self, at: u32) -> Result<u64, i32> {
        let bytes = self.bytes(at, 8)?;
        Ok(u64::from_le_bytes(bytes.try_into().expect("eight bytes were asked for")))
    }

    pub fn set(&mut self, at: u32, bytes: &[u8]) -> Result<(), i32> {
        let n_bytes = u32::try_from(bytes.len()).map_err(|_| errno::FAULT)?;
        self.bytes_mut(at, n_bytes)?.copy_from_slice(bytes);
        Ok(())
    }

    pub fn set_u32(&mut self, at: u32, value: u32) -> Result<(), i32> {
        self.set(at, &value.to_le_bytes())
    }

    pub fn set_u64(&mut self, at: u32, value: u64) -> Result<(), i32> {
        self.set(at, &value.to_le_bytes())
    }

    /// The address and length of one element of a scatter or gather list.
    pub fn iovec(&self, list: u32, index: u32) -> Result<(u32, u32), i32> {
        let at = index.checked_mul(8).and_then(|offset| list.checked_add(offset));
        let at = at.ok_or(errno::FAULT)?;
        Ok((self.u32(at)?, self.u32(at.checked_add(4).ok_or(errno::FAULT)?)?))
    }
}
